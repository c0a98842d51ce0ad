import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Agent } from '../../agent/agent.ts';
import { HalfopenError } from '../../errors.ts';
import type { Engine, EngineLab, Run } from '../engine.ts';
import { takeLabNumber } from '../lab-number.ts';
import { createNamespacesLab } from '../shared-namespaces/namespaces-lab.ts';
import { subnet } from '../subnets.ts';
import { Guest } from './guest.ts';
import { guestPlatform } from './guest-platform.ts';
import { traceOfGuest } from './guest-trace.ts';
import { Qemu } from './qemu.ts';
import { RecordedGuest, ReplayedGuest, readTranscript } from './replay.ts';
import { RunningGuest } from './running-guest.ts';

/** The facts that the runner passes to `connect` in the workers. */
export interface VmFacts extends Record<string, string> {
	/** The kernel's image and, if it came from a package, the package's version. */
	readonly kernel: string;
	readonly version: string;
	/** The snapshot from which all labs start. */
	readonly memory: string;
	/** The folder with the transcript and the snapshot of a ready lab. */
	readonly ready: string;
	/** Names below net.ipv4, separated by blanks. */
	readonly sysctls: string;
	readonly qemu: string;
	/** Seed for the random numbers of all guests; 0 keeps those of the snapshot. */
	readonly seed: string;
}

/** Each lab has a guest to itself, so all labs use the same addresses. That keeps runs repeatable. */
const ADDRESSES = subnet(0, 0);

/**
 * Connects a worker to the engine, with the facts that the runner collected. A guest that does not answer within
 * `turnTimeoutMs` of wall time counts as lost.
 */
export function connectVm(
	run: Run,
	{ kernel, version, memory, ready, sysctls, qemu, seed }: VmFacts,
	{ turnTimeoutMs }: { readonly turnTimeoutMs?: number } = {},
): Engine {
	const restoreGuest = async (name: string, snapshot: string, signal?: AbortSignal): Promise<RunningGuest> => {
		try {
			return new RunningGuest(
				await Qemu.start(run, { kernel, snapshot }, run.directory, name, { signal }),
				turnTimeoutMs,
			);
		} catch (error) {
			if (error instanceof HalfopenError && error.code === 'SNAPSHOT_UNUSABLE')
				await rm(dirname(snapshot), { recursive: true, force: true });
			throw error;
		}
	};
	// A different seed or family leads to a different lab, so each has its own transcript.
	const transcriptFolder = [
		ready,
		...(run.family === 'ipv4' ? [] : [run.family]),
		...(seed === '0' ? [] : [seed]),
	].join('-');
	return {
		name: 'vm',
		tools: { qemu, ...(version && { kernel: version }) },
		sysctls: new Set(sysctls.split(' ')),
		family: run.family,
		virtualTime: true,
		programRemedy: 'Install it on this machine, and add its name to GUEST_PROGRAMS in harness/engines/vm/initramfs.ts.',
		async createLab(): Promise<EngineLab> {
			const name = `guest-${await takeLabNumber(run)}`;
			const recorded = await readTranscript(transcriptFolder);
			const guest = new Guest(
				recorded
					? new ReplayedGuest(
							recorded.transcript,
							(signal) => restoreGuest(`${name}-ready`, recorded.memory, signal),
							(signal) => restoreGuest(name, memory, signal),
						)
					: new RecordedGuest(run, await restoreGuest(name, memory), transcriptFolder, (savedMemory, signal) =>
							restoreGuest(`${name}-ready`, savedMemory, signal),
						),
				BigInt(seed),
			);
			try {
				const agent = await Agent.connect(guest.channel, 'the guest');
				return await createNamespacesLab(guestPlatform(agent), {
					subnet: ADDRESSES,
					clock: guest.clock,
					ready: () => guest.ready(),
					kernelTrace: () => traceOfGuest(agent),
					// Everything in the guest ends with the guest.
					remove: () => guest.end(),
				});
			} catch (error) {
				await guest.end();
				throw error;
			}
		},
	};
}
