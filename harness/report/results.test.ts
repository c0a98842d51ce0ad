import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { TestResult } from '@jest/reporters';
import { PROJECT_ROOT } from './artifacts.ts';
import { NO_COST } from './cost.ts';
import { powerOffStory } from './ladder/fixtures/stories.ts';
import { Findings, forget, readResults } from './results.ts';

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'halfopen-results-'));
});
afterEach(() => rm(folder, { recursive: true }));

const story = { ...powerOffStory(), measures: [{ what: 'until ETIMEDOUT', seconds: 13.2 }] };
const read = () => readResults(folder, (path) => path);

/** A run of the power-off puzzle. */
async function ran(passed: boolean): Promise<number> {
	const findings = new Findings();
	const testResults = [{ title: story.scenario, status: passed ? 'passed' : 'failed' }];
	const file = { testFilePath: join(PROJECT_ROOT, story.spec), testResults } as unknown as TestResult;
	findings.add(file, [{ folder: '', passed, timeline: story, cost: NO_COST }]);
	return (await findings.keep(folder)).length;
}

test('what a run found is in the tables, by engine and kernel, until it is forgotten', async () => {
	expect(await ran(true)).toBe(story.verdicts.length);
	const place = { engine: story.engine, kernel: story.kernel.release };
	expect(await read()).toMatchObject({
		verdicts: story.verdicts.map(({ id, verdict }) => ({ id, verdict, ...place })),
		measures: [{ what: 'until ETIMEDOUT', seconds: 13.2, ...place }],
		runs: [{ spec: story.spec, passed: [story.scenario], failed: [], ...place }],
	});
	await forget({ ...place, engine: 'vm' }, folder);
	expect((await read()).runs).toHaveLength(1);
	await forget(place, folder);
	expect(await read()).toEqual({ verdicts: [], measures: [], runs: [] });
});

test('a scenario that fails takes what it had found before with it', async () => {
	await ran(true);
	expect(await ran(false)).toBe(0);
	expect(await read()).toMatchObject({ verdicts: [], measures: [], runs: [{ passed: [], failed: [story.scenario] }] });
});

test('a run without a lab leaves nothing, and a folder without verdicts is none of reports', async () => {
	const findings = new Findings();
	findings.add({ testFilePath: join(PROJECT_ROOT, 'harness/tcp.test.ts'), testResults: [] } as unknown as TestResult, []);
	expect(await findings.keep(folder)).toEqual([]);
	expect(await readdir(folder)).toEqual([]);
	await expect(read()).rejects.toMatchObject({ code: 'ENOENT' });
});
