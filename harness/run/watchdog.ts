import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Run } from '../engines/engine.ts';

/** Sent at the orderly end of a run. Without this message, the end of the pipe means that the runner has died. */
export const DISMISSED = 'dismissed\n';

export interface Watchdog {
	/** Announces the end of the run. Resolves with the names of everything that the watchdog had to remove. */
	dismiss(): Promise<string[]>;
}

/**
 * Starts a process that outlives this one and sweeps what the run leaves. It reads from a pipe whose other end the
 * kernel closes however this process dies. It runs in a new session, so that neither Ctrl-C nor a hang-up of the
 * terminal reaches it.
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
	// The watchdog may have been killed.
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
