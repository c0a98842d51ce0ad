/**
 * The errors of failed scenarios: code, cause and remedy. A failed scenario leaves nothing behind and does not affect
 * others.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { currentEngine } from './current.ts';
import { type Clone, cloneProject } from './fixtures/clone.ts';
import { leftoversOf } from './fixtures/leftovers.ts';
import { NestedRun } from './fixtures/nested-run.ts';
import { testUnlessOn } from './fixtures/on-engine.ts';
import { currentRun } from './handover.ts';

jest.setTimeout(300_000);

/** The output of Jest's --json. */
interface JestOutput {
	readonly testResults: readonly {
		readonly assertionResults: readonly {
			readonly title: string;
			readonly status: string;
			readonly failureMessages: readonly string[];
		}[];
	}[];
}

/** In virtual time a scenario may take a day. */
const { virtualTime } = await currentEngine();

let clone: Clone;
let run: NestedRun;
let results: JestOutput;

beforeAll(async () => {
	clone = await cloneProject({ failing: 'failing.ts' });
	const file = join(clone.root, 'results.json');
	run = new NestedRun(clone, ['--json', `--outputFile=${file}`]);
	await run.ended;
	results = JSON.parse(await readFile(file, 'utf8')) as JestOutput;
});

afterAll(async () => {
	await clone[Symbol.asyncDispose]();
});

/** Returns the whole message of a failed scenario. */
function failureOf(scenario: string): string {
	const result = results.testResults
		.flatMap(({ assertionResults }) => assertionResults)
		.find(({ title }) => title === scenario);
	expect(result?.status).toBe('failed');
	return result?.failureMessages.join('\n') ?? '';
}

function expectFailure(scenario: string, code: string, ...words: readonly RegExp[]): void {
	const message = failureOf(scenario);
	expect(message).toContain(`[${code}]`);
	for (const word of words) expect(message).toMatch(word);
}

test.each<[string, string, ...RegExp[]]>([
	[
		'an expectation is not awaited',
		'NOT_AWAITED',
		/still waiting/,
		/a socket with state CLOSING on the client/,
		/`await`/,
	],
	['a claim is not judged', 'CLAIM_NOT_JUDGED', /did not judge them: PZ2/, /Call claim/],
	[
		'it is over its limit',
		'LIMIT_PASSED',
		virtualTime ? /did not end within 86400 s/ : /did not end within 6 s/,
		/still waiting for listener on the server: accept\(3\) to return/,
		/limitMs/,
	],
	['a fault has no effect', 'FAULT_WITHOUT_EFFECT', /DROP in --dport 9/, /direction, port, flags/],
	['a peer exits early', 'PEER_EXITED', /ended before it was connected: status 1/, /ECONNREFUSED/, /until: "started"/],
])('%s: %s', (scenario, code, ...words) => expectFailure(scenario, code, ...words));

testUnlessOn('vm', 'a process in a guest cannot be killed from outside')('an agent dies: AGENT_GONE', async () =>
	expectFailure('an agent dies', 'AGENT_GONE', /agent of client \(userland\) is gone/, /what ended its machine/),
);

test('another scenario passes, and the worker does not crash', async () => {
	expect(
		results.testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === 'passed'),
	).toMatchObject([{ title: 'nothing is wrong' }]);
	expect(await run.ended).toBe(1);
	expect(run.output).not.toContain('triggerUncaughtException');
});

test('a failed scenario has written its ladder', async () => {
	const reports = join(clone.root, 'reports');
	const [place = ''] = (await readdir(reports)).filter((name) => name.startsWith(`${currentRun().engine}-`));
	const ladder = join(reports, place, 'harness/run/fixtures/failing.lab.test.ts/an-agent-dies/ladder.txt');
	expect(await readFile(ladder, 'utf8')).toMatch(/\$ nc.* -l 8080/);
});

test('nothing is left of the scenarios', async () => {
	expect(await leftoversOf(run)).toEqual([]);
	expect(run.output).not.toContain('left behind');
});
