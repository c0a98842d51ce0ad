import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Agent } from '../../agent/agent.ts';
import { HalfopenError } from '../../errors.ts';
import type { Engine, EngineLab, Run } from '../engine.ts';
import { takeLabNumber } from '../lab-number.ts';
import { createNamespacesLab } from '../namespaces/namespaces-lab.ts';
import { subnet } from '../subnets.ts';
import { Guest } from './guest.ts';
import { guestPlatform } from './guest-platform.ts';
import { traceOfGuest } from './guest-trace.ts';
import { Qemu } from './qemu.ts';
import { RecordedGuest, ReplayedGuest, readTranscript } from './replay.ts';
import { RunningGuest } from './running-guest.ts';

/** What `connect` needs, as it travels from the runner to the workers. */
export interface VmFacts extends Record<string, string> {
	/** Of the kernel: its image, and its package's version, if it came from one. */
	readonly kernel: string;
	readonly version: string;
	/** The saved guest that all labs begin with. */
	readonly memory: string;
	/** Where what was said while a lab was made is kept. */
	readonly ready: string;
	/** Names below net.ipv4, separated by blanks. */
	readonly sysctls: string;
	readonly qemu: string;
	/** Other than 0: what the random numbers of all guests are made of. */
	readonly seed: string;
}

/** Every lab is alone in its guest, so it may have the same addresses as any other: then it repeats. */
const ADDRESSES = subnet(0, 0);

/**
 * The engine as a worker sees it, made from what the runner found out. A guest that has not answered for `silenceMs` of
 * wall time is lost.
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
	// With other random numbers a lab is made otherwise.
	const transcriptFolder = seed === '0' ? ready : `${ready}-${seed}`;
	return {
		name: 'vm',
		tools: { qemu, ...(version && { kernel: version }) },
		sysctls: new Set(sysctls.split(' ')),
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
				return await createNamespacesLab(guestPlatform(agent), ADDRESSES, {
					clock: guest.clock,
					ready: () => guest.ready(),
					kernelTrace: () => traceOfGuest(agent),
					// All that is in a guest goes with it.
					remove: () => guest.end(),
				});
			} catch (error) {
				await guest.end();
				throw error;
			}
		},
	};
}
