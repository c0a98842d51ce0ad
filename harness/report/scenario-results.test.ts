import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { PROJECT_ROOT } from '../util/project-root.ts';
import { resultOf } from './fixtures/reports.ts';
import { powerOffTimeline } from './ladder/fixtures/timelines.ts';
import { recordedScenarios } from './recorded.ts';
import { createResultsFolder, postResult, takeResults } from './scenario-results.ts';

const VARIABLE = 'HALFOPEN_RESULTS';
const before = process.env[VARIABLE];
const SPEC = 'specs/a.spec.ts';
const cost = JSON.stringify({ engine: 1, kernel: 2, harness: 3 });
const timeline = (scenario: string) => JSON.stringify({ ...powerOffTimeline(), spec: SPEC, scenario });

let folders: string[] = [];

/** Creates the folder of results of another run. */
async function createAnother(): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'halfopen-results-'));
	folders.push(folder);
	await createResultsFolder(folder);
	return folder;
}

beforeEach(createAnother);

afterEach(async () => {
	if (before === undefined) delete process.env[VARIABLE];
	else process.env[VARIABLE] = before;
	await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
	folders = [];
});

test('a reporter gets the results of a file’s scenarios in its run, in the order of the file, only once', async () => {
	for (const scenario of ['two', 'one >', 'one <']) await postResult(SPEC, scenario, timeline(scenario), cost);
	await postResult('specs/b.spec.ts', 'other', timeline('other'), cost);
	const result = resultOf(SPEC, { 'one <': 'passed', 'one >': 'failed', two: 'passed', three: 'failed' });
	const recorded = await recordedScenarios(result);
	expect(recorded.map(({ timeline: { scenario }, passed, cost: { kernel } }) => [scenario, passed, kernel])).toEqual([
		['one <', true, 2],
		['one >', false, 2],
		['two', true, 2],
	]);
	expect(await recordedScenarios(result)).toEqual([]);
	expect(await takeResults('specs/b.spec.ts')).toHaveLength(1);
});

test('a reporter does not get the results of another run', async () => {
	await postResult(SPEC, 'one', timeline('one'), cost);
	await createAnother();
	expect(await takeResults(join(PROJECT_ROOT, SPEC))).toEqual([]);
});

test('outside of a run nothing is written', async () => {
	delete process.env[VARIABLE];
	await postResult(SPEC, 'one', timeline('one'), cost);
	expect(await takeResults(SPEC)).toEqual([]);
	expect(await readdir(join(folders[0] ?? '', 'results'))).toEqual([]);
});

test('a result without a timeline is rejected, and its spec is named', async () => {
	await postResult(SPEC, 'one', '{"version":7}', cost);
	await expect(takeResults(SPEC)).rejects.toMatchObject({
		code: 'REPORT_UNREADABLE',
		problem: expect.stringContaining(SPEC),
	});
	await writeFile(join(folders[0] ?? '', 'results', 'other'), '');
	expect(await takeResults('specs/b.spec.ts')).toEqual([]);
});
