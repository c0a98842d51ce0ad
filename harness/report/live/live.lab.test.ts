/** Tests the output of a run while a scenario waits, in a terminal and in a log. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type Clone, cloneProject } from '../../run/fixtures/clone.ts';
import { untilNothingIsLeft } from '../../run/fixtures/leftovers.ts';
import { NestedRun } from '../../run/fixtures/nested-run.ts';
import { testUnlessOn } from '../../run/fixtures/on-engine.ts';
import { Terminal } from './fixtures/terminal.ts';

jest.setTimeout(180_000);
const CLEAN_WITHIN_MS = 30_000;
const SIZE = { columns: 100, rows: 30 };
/** With these variables, Jest does not detect a build server, even if this machine is one. */
const NO_BUILD_SERVER = { CI: 'false', TERM: 'xterm' };
const WAITING = 'harness/run/fixtures/waiting › waits: waiting for nc-2 on the client to print';

const testLive = testUnlessOn('vm', 'in virtual time waits are short', test.concurrent);

let clone: Clone;

beforeAll(async () => {
	clone = await cloneProject({ waiting: 'waiting.ts', 'no-lab': 'no-lab.ts' });
});

afterAll(async () => {
	await clone[Symbol.asyncDispose]();
});

/** Resolves when the run has written this text. Then ends the run. */
async function waitForOutput(run: NestedRun, text: RegExp): Promise<void> {
	while (run.isRunning && !text.test(run.output)) await wait(100);
	expect(run.output).toMatch(text);
	run.kill('SIGTERM', 'group');
	await run.ended;
	expect((await untilNothingIsLeft(run, CLEAN_WITHIN_MS)).left).toEqual([]);
}

testLive('in a log: a plain line after ten seconds', async () => {
	const run = new NestedRun(clone);
	await waitForOutput(run, /, 1\d of at most 60 s\n/);
	expect(run.output.split('\n').filter((line) => line.includes('waiting for'))).toEqual([
		expect.stringContaining(WAITING),
	]);
	expect(run.output).not.toContain('\u001b');
	expect(run.output).not.toContain('\r');
});

testLive('in a terminal: the same line, above the block that Jest keeps at the end', async () => {
	const inTerminal = `exec script -qec "stty columns ${SIZE.columns} rows ${SIZE.rows}; $0 $*" /dev/null`;
	const run = new NestedRun({ ...clone, test: ['sh', '-c', inTerminal, ...clone.test] }, [], NO_BUILD_SERVER);
	const lineAndBlock = /, 1\d of at most 60 s[\s\S]*?Test Suites:/;
	await waitForOutput(run, lineAndBlock);
	const terminal = new Terminal(SIZE);
	terminal.write(run.output.slice(0, run.output.search(lineAndBlock)) + lineAndBlock.exec(run.output)?.[0]);
	const kinds = terminal.all.flatMap((line) => {
		if (/^ {2}harness\/run\/fixtures\/.*: waiting for nc-2 on the client.*, 1\d of at most 60 s$/.test(line))
			return 'wait';
		return /^ RUNS .*waiting/.test(line) ? 'runs' : line.startsWith('Test Suites:') ? 'summary' : [];
	});
	expect(kinds).toEqual(['wait', 'runs', 'summary']);
});
