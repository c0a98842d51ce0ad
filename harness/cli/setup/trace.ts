import { readFile } from 'node:fs/promises';
import { runAsRoot } from './commands.ts';
import { say } from './steps.ts';

const folder = '/sys/kernel/tracing';

/**
 * Makes the kernel's tracepoints readable for labs, if that may be. Without them states are sampled instead of traced.
 */
export async function ensureTrace(): Promise<boolean> {
	if (await isMounted()) return true;
	if (process.platform !== 'linux') return false;
	say(`* Mounting tracefs at ${folder}, where the kernel tells of state changes of sockets`);
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
