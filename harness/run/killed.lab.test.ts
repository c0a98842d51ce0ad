/** A run that was killed together with its watchdog. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type Clone, cloneProject } from './fixtures/clone.ts';
import { leftoversOf, untilNothingIsLeft } from './fixtures/leftovers.ts';
import { NestedRun } from './fixtures/nested-run.ts';
import { peersRun } from './fixtures/peers-run.ts';

jest.setTimeout(120_000);
const CLEAN_WITHIN_MS = 10_000;

let clone: Clone;

beforeAll(async () => {
	clone = await cloneProject({ waiting: 'waiting.ts', 'no-lab': 'no-lab.ts' });
});

afterAll(async () => {
	await clone[Symbol.asyncDispose]();
});

test('a run and its watchdog are killed: the next run removes what was left', async () => {
	const run = new NestedRun(clone, ['waiting']);
	await peersRun(run);
	const pids = (await leftoversOf(run)).flatMap((name) => /^process (\d+)/.exec(name)?.[1] ?? []);
	for (const pid of pids) killIfRunning(Number(pid));

	const next = new NestedRun(clone, ['no-lab']);
	expect([await next.ended, next.output]).toEqual([0, expect.any(String)]);
	expect((await untilNothingIsLeft(run, CLEAN_WITHIN_MS)).left).toEqual([]);
});

/** Kills a process, unless it has ended with another one. */
function killIfRunning(pid: number): void {
	try {
		process.kill(pid, 'SIGKILL');
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
	}
}
