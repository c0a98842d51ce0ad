import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import type { Engine, Run } from '../engine.ts';
import { createNetnsLab } from './lab.ts';
import { socketOf } from './recorder.ts';

/** What `connect` needs, as it travels from the runner to the workers. */
export interface NetnsFacts extends Record<string, string> {
	readonly version: string;
	readonly bin: string;
	readonly opt: string;
	readonly firstBlock: string;
	/** Names below net.ipv4, separated by blanks. */
	readonly sysctls: string;
	/** `yes`, or why the kernel's trace cannot be read. */
	readonly kernelTrace: string;
}

/** The engine as a worker sees it, made from what the runner found out. */
export function connectNetns(run: Run, facts: NetnsFacts): Engine {
	const { bin, opt } = facts;
	return {
		name: 'netns',
		tools: { 'util-linux': facts.version },
		sysctls: new Set(facts.sysctls.split(' ')),
		createLab: () => createNetnsLab({ run, binaries: { bin, opt }, asRoot: isRoot(), firstBlock: Number(facts.firstBlock) }),
		async kernelTrace(): Promise<Readable | { readonly unavailable: string }> {
			if (facts.kernelTrace !== 'yes') return { unavailable: facts.kernelTrace };
			const socket = connect(socketOf(run));
			await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
			return socket;
		},
	};
}

export const isRoot = () => process.getuid?.() === 0;
