/** For the tests of this folder: an agent compiled here, and what is running on this machine. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAgent } from './build.ts';

/** An agent in a directory of its own. */
export async function builtAgent(): Promise<{ path: string; remove: () => Promise<void> }> {
	const directory = await mkdtemp(join(tmpdir(), 'halfopen-agent-'));
	const path = join(directory, 'agent');
	await buildAgent(path);
	return { path, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** The state letter of a process (`R`, `S`, `Z`…), or undefined where there is none. */
export async function processState(pid: number): Promise<string | undefined> {
	try {
		const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
		return stat.slice(stat.lastIndexOf(')') + 2)[0];
	} catch {
		return undefined;
	}
}

/**
 * How many threads of a process wait for something; those of a puppet are the one that reads requests, and one for each
 * call that blocks.
 */
export async function sleepingThreads(pid: number): Promise<number> {
	const states = await Promise.all((await readdir(`/proc/${pid}/task`)).map((thread) => processState(Number(thread))));
	return states.filter((state) => state === 'S').length;
}

/** Processes whose command line holds this text. */
export async function processesWith(text: string): Promise<number[]> {
	const found: number[] = [];
	for (const name of await readdir('/proc')) {
		if (!/^\d+$/.test(name)) continue;
		const commandLine = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
		if (commandLine.includes(text)) found.push(Number(name));
	}
	return found;
}

/** Waits until something is so, looking every few milliseconds; the test's own limit ends it. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
	while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5));
}
