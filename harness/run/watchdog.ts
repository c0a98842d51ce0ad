import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Run } from '../engines/engine.ts';

/** What tells an orderly end of the run from any other end of the pipe. */
export const DISMISSED = 'dismissed\n';

export interface Watchdog {
	/** Tells it that the run is over, and waits until it has swept: what it had to remove. */
	dismiss(): Promise<string[]>;
}

/**
 * Starts a process that outlives this one and sweeps what the run leaves: it holds the other end of a pipe, and no way
 * of dying keeps the kernel from closing ours. It stands in a session of its own, where neither Ctrl-C nor the death of
 * a terminal reaches it.
 */
export function startWatchdog(run: Run, engine: string): Watchdog {
	const program = fileURLToPath(new URL('./watchdog-main.ts', import.meta.url));
	const { NODE_OPTIONS: _, ...environment } = process.env;
	const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', program, engine, JSON.stringify(run)], {
		detached: true,
		stdio: ['pipe', 'pipe', 'inherit'],
		env: environment,
	});
	child.unref();
	let output = '';
	child.stdout?.setEncoding('utf8').on('data', (text: string) => {
		output += text;
	});
	// It may have been killed; then there is nobody to tell.
	child.stdin?.on('error', () => {});
	for (const stream of [child.stdin, child.stdout]) (stream as unknown as { unref(): void }).unref();
	return {
		async dismiss() {
			child.ref();
			child.stdin?.end(DISMISSED);
			if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
			return output.split('\n').filter(Boolean);
		},
	};
}
