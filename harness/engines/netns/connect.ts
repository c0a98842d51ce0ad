import { connect } from 'node:net';
import type { Engine, KernelTrace, Run } from '../engine.ts';
import { takeLabNumber } from '../lab-number.ts';
import { RealClock } from '../real-clock.ts';
import { createNamespacesLab } from '../shared-namespaces/namespaces-lab.ts';
import { subnet } from '../subnets.ts';
import { localPlatform } from './local-platform.ts';
import { socketOf } from './recorder.ts';

/** The facts that the runner passes to `connect` in the workers. */
export interface NetnsFacts extends Record<string, string> {
	readonly version: string;
	readonly bin: string;
	readonly opt: string;
	readonly firstBlock: string;
	/** Names below net.ipv4, separated by blanks. */
	readonly sysctls: string;
	/** The folders that this kernel cannot mount an overlay of, as JSON. */
	readonly noOverlay: string;
	/** `yes`, or the reason why the kernel's trace cannot be read. */
	readonly kernelTrace: string;
}

/** Connects a worker to the engine, with the facts that the runner collected. */
export function connectNetns(run: Run, facts: NetnsFacts): Engine {
	const platform = localPlatform(run, facts, JSON.parse(facts.noOverlay));
	const kernelTrace = async (): Promise<KernelTrace> => {
		if (facts.kernelTrace !== 'yes') return { unavailable: facts.kernelTrace };
		const socket = connect(socketOf(run));
		await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
		return socket;
	};
	return {
		name: 'netns',
		tools: { 'util-linux': facts.version },
		sysctls: new Set(facts.sysctls.split(' ')),
		family: run.family,
		virtualTime: false,
		programRemedy: 'Install it on this machine: hosts run its programs.',
		async createLab() {
			return createNamespacesLab(platform, {
				subnet: subnet(Number(facts.firstBlock), await takeLabNumber(run)),
				clock: new RealClock(),
				kernelTrace,
				ready: () => {},
				remove: (end) => end(),
			});
		},
	};
}
