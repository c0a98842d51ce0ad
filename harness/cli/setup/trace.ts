import { readFile } from 'node:fs/promises';
import { runAsRoot } from './commands.ts';
import { say } from './steps.ts';

const folder = '/sys/kernel/tracing';

/**
 * Mounts tracefs, so that labs can read the kernel's tracepoints. Returns false if that is not possible. Labs then
 * sample states instead of tracing them.
 */
export async function ensureTrace(): Promise<boolean> {
	if (await isMounted()) return true;
	if (process.platform !== 'linux') return false;
	say(`* Mounting tracefs at ${folder}, to trace state changes of sockets`);
	try {
		await runAsRoot(['mount', '-t', 'tracefs', 'tracefs', folder]);
		return true;
	} catch (error) {
		say(`  not possible: ${error instanceof Error ? error.message : error}`);
		return false;
	}
}

async function isMounted(): Promise<boolean> {
	const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '');
	return mounts.includes(` ${folder} tracefs `);
}
