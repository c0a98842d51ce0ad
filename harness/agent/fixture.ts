/** Helpers for tests: an agent that is compiled from the sources, and the processes of this machine. */

import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { hashOf, hostSources } from '../engines/host-sources.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';
import { buildAgent } from './build.ts';

const CACHE = join(PROJECT_ROOT, '.cache');

/**
 * Returns the path of an agent that is compiled from the current sources. The first test file compiles it for all
 * others, and for later runs.
 */
export async function builtAgent(): Promise<string> {
	const sources = [...(await hostSources()), 'harness/agent/build.ts', 'harness/util/compile.ts'];
	const name = `agent-${await hashOf(sources)}`;
	const path = join(CACHE, name);
	await mkdir(CACHE, { recursive: true });
	await using lock = await open(join(CACHE, 'agent.lock'), 'a');
	// The lock belongs to the open file description (flock(2)). It ends when this process closes the file or ends.
	// execa's types know descriptors up to 9 only.
	await execa('flock', ['3'], { stdio: ['ignore', 'ignore', 'pipe', lock.fd as 3] });
	const compiled = (await readdir(CACHE)).filter((other) => /^agent-[0-9a-f]+$/.test(other));
	if (compiled.includes(name)) return path;
	await buildAgent(`${path}.unfinished`);
	await rename(`${path}.unfinished`, path);
	for (const older of compiled) await rm(join(CACHE, older));
	return path;
}

/** Returns the state letter of a process (`R`, `S`, `Z`, …), or undefined if there is no such process. */
export async function processState(pid: number): Promise<string | undefined> {
	try {
		const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
		return stat.slice(stat.lastIndexOf(')') + 2)[0];
	} catch {
		return undefined;
	}
}

/**
 * Returns the number of sleeping threads of a process. A controlled process has one thread that reads requests, and one
 * for each call that blocks.
 */
export async function sleepingThreads(pid: number): Promise<number> {
	const states = await Promise.all((await readdir(`/proc/${pid}/task`)).map((thread) => processState(Number(thread))));
	return states.filter((state) => state === 'S').length;
}

/** Returns the pids of the processes whose command line contains this text. */
export async function processesWith(text: string): Promise<number[]> {
	const found: number[] = [];
	for (const name of await readdir('/proc')) {
		if (!/^\d+$/.test(name)) continue;
		const commandLine = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
		if (commandLine.includes(text)) found.push(Number(name));
	}
	return found;
}

/** Waits until a condition holds, checking it every 5 ms. The test's own timeout limits the wait. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
	while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Collects the bytes of a stream. */
export function collector() {
	const bytes: Buffer[] = [];
	return { add: (piece: Buffer) => void bytes.push(piece), text: () => Buffer.concat(bytes).toString() };
}
