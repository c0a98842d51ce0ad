import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import { collect } from './collect.ts';
import { resultOf, type TemporaryReports, temporaryReports } from './fixtures/reports.ts';
import { powerOffTimeline, rebootTimeline } from './ladder/fixtures/timelines.ts';
import { type SpecRun, writeRecord } from './spec-runs.ts';
import { writeReports } from './write-reports.ts';

let reports: TemporaryReports;

beforeEach(async () => {
	reports = await temporaryReports();
});

afterEach(async () => {
	await reports[Symbol.asyncDispose]();
});

const timeline = JSON.stringify(rebootTimeline());
const cost = JSON.stringify({ engine: 1, kernel: 2, harness: 3 });
const collected = () =>
	collect(reports.path, async ({ folder, cost, files, text }) => ({
		folder,
		cost,
		files,
		svg: await text('ladder.svg'),
	}));

describe('the files of scenarios', () => {
	test('are found in any folder, with or without optional files, but not if they are still being written', async () => {
		await reports.leave('puzzlers/reboot/a', {
			'timeline.json': timeline,
			'cost.json': cost,
			'ladder.svg': '<svg/>',
			'client.pcap': '',
		});
		await reports.leave('deep/er/and/deeper', { 'timeline.json': timeline });
		await reports.leave('puzzlers/reboot/.b.1234.new', { 'timeline.json': timeline });
		await reports.leave('.', { 'claims.json': '[]', 'junit.xml': '<testsuites/>' });
		const { scenarios, skipped } = await collected();
		expect(skipped).toEqual([]);
		expect(scenarios).toMatchObject([
			{ folder: 'deep/er/and/deeper', cost: undefined, svg: undefined, files: ['timeline.json'] },
			{ folder: 'puzzlers/reboot/a', cost: { kernel: 2 }, svg: '<svg/>' },
		]);
	});

	test('are skipped and reported if they are broken or foreign', async () => {
		await reports.leave('a/broken', { 'timeline.json': timeline.slice(0, 100) });
		await reports.leave('a/foreign', { 'timeline.json': '{"version": 7}' });
		await reports.leave('a/half', { 'timeline.json': timeline, 'cost.json': 'none' });
		await reports.leave('a/spec', { 'spec.json': '[]' });
		const { scenarios, skipped } = await collected();
		expect(scenarios).toMatchObject([{ folder: 'a/half', cost: undefined }]);
		expect(skipped.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => 'REPORT_UNREADABLE'));
		const broken = ['a/broken/timeline.json', 'a/foreign/timeline.json', 'a/half/cost.json', 'a/spec/spec.json'];
		expect(skipped.map(({ problem }) => problem.split(' ')[0])).toEqual(broken);
	});
});

describe('page and tables', () => {
	const on = (engine: string, release: string, changes: Partial<TimelineFile> = {}): TimelineFile => {
		const timeline = { ...powerOffTimeline(), measures: [{ what: 'until ETIMEDOUT', seconds: 13.2 }], ...changes };
		return { ...timeline, engine, kernel: { ...timeline.kernel, release } };
	};
	const table = async (name: string): Promise<object[]> => JSON.parse(await readFile(join(reports.path, name), 'utf8'));

	test('have results of all engines and kernels; a new one replaces only its own engine’s and kernel’s', async () => {
		for (const [engine, release] of [
			['docker', '6.18.44'],
			['netns', '6.18.44'],
			['vm', '6.1.180'],
			['vm', '6.1.181'],
		] as const) {
			await reports.leaveTimeline(on(engine, release));
			await writeReports(reports.path);
		}
		await reports.leaveTimeline(
			on('vm', '6.1.181', { measures: [{ what: 'until ETIMEDOUT', seconds: 14 }], verdicts: [] }),
		);
		const { results, lines } = await writeReports(reports.path);
		expect(results.measures.map(({ engine, kernel, seconds }) => [engine, kernel, seconds])).toEqual([
			['docker', '6.18.44', 13.2],
			['netns', '6.18.44', 13.2],
			['vm', '6.1.180', 13.2],
			['vm', '6.1.181', 14],
		]);
		expect(results.verdicts).toHaveLength(3 * powerOffTimeline().verdicts.length);
		expect(await table('claims.json')).toEqual(results.verdicts);
		expect(await table('measures.json')).toEqual(results.measures);
		expect(lines).toEqual([expect.stringMatching(/index\.html shows all scenarios of all runs so far: 4$/)]);
		expect(await readFile(join(reports.path, 'index.html'), 'utf8')).toMatch(
			/^<!DOCTYPE html>[\s\S]*power off[\s\S]*<\/html>\n$/,
		);
	});

	test('replace the previous ones, and leave no other files; many skipped files are counted', async () => {
		await reports.leaveTimeline(rebootTimeline());
		await reports.leave('.', { 'index.html': 'the one before' });
		for (const name of ['1', '2', '3', '4', '5']) await reports.leave(`bad/${name}`, { 'timeline.json': '' });
		const { lines } = await writeReports(reports.path);
		expect((await readdir(reports.path)).sort()).toEqual([
			'bad',
			'claims.json',
			'docker-6.18.44',
			'index.html',
			'measures.json',
		]);
		expect(lines).toEqual([
			...['1', '2', '3'].map(
				(name) =>
					`  bad/${name}/timeline.json is not in the format of this version, so it was left out. [REPORT_UNREADABLE]`,
			),
			'  … and 2 more such files',
			'  to do: Run the spec again, or remove the folder.',
			expect.stringMatching(/: 1$/),
		]);
	});

	test('are complete if two runs end at once, and have the results of both', async () => {
		await reports.leaveTimeline(on('docker', '6.18.44'));
		const first = writeReports(reports.path);
		await reports.leaveTimeline(on('vm', '6.1.180'));
		await Promise.all([first, writeReports(reports.path), writeReports(reports.path)]);
		expect(new Set((await table('measures.json')).map((row) => (row as { engine: string }).engine))).toEqual(
			new Set(['docker', 'vm']),
		);
	});
});

describe('the outcomes of a spec’s scenarios', () => {
	const spec = 'specs/a.spec.ts';
	const environment = { engine: 'docker', kernel: '6.18.44' };
	const timelineOf = (scenario: string, outcome: 'passed' | 'failed' = 'passed'): TimelineFile => ({
		...rebootTimeline(),
		spec,
		scenario,
		outcome,
	});
	const ran = async (
		...[statuses, error, ...timelines]: [Parameters<typeof resultOf>[1], Error | undefined, ...TimelineFile[]]
	) => {
		for (const timeline of timelines) await reports.leaveTimeline(timeline);
		const recorded = timelines.map((each) => ({
			folder: '',
			passed: each.outcome === 'passed',
			timeline: each,
			cost: { engine: 0, kernel: 0, harness: 0 },
		}));
		await writeRecord(resultOf(spec, statuses, error), recorded, environment, reports.path);
		return (await collected()).results.runs;
	};
	const run = (changes: Partial<SpecRun>): SpecRun => ({
		spec,
		...environment,
		passed: [],
		failed: [],
		pending: [],
		...changes,
	});

	test('are read from their timelines; if a run left a scenario out, from the run before', async () => {
		expect(
			await ran(
				{ one: 'passed', two: 'failed', three: 'pending' },
				undefined,
				timelineOf('one'),
				timelineOf('two', 'failed'),
			),
		).toEqual([run({ passed: ['one'], failed: ['two'], pending: ['three'] })]);
		expect(await ran({ one: 'pending', two: 'passed', three: 'pending' }, undefined, timelineOf('two'))).toEqual([
			run({ passed: ['one', 'two'], pending: ['three'] }),
		]);
	});

	test('are failures without a lab, or if Jest failed them afterwards; then verdicts do not count', async () => {
		await ran({ one: 'passed', two: 'passed' }, undefined, timelineOf('one'), timelineOf('two'));
		expect(await ran({ one: 'failed', two: 'failed' }, undefined, timelineOf('two'))).toEqual([
			run({ failed: ['one', 'two'] }),
		]);
		expect((await collected()).results.verdicts).toEqual([]);
		const folder = join(reports.path, 'docker-6.18.44/specs/a.spec.ts');
		expect([await readdir(join(folder, 'one')), await readdir(join(folder, 'two'))]).toEqual([
			['failure.txt'],
			['failure.txt', 'timeline.json'],
		]);
		expect(await readFile(join(folder, 'one/failure.txt'), 'utf8')).toBe('one failed\n');
		expect(await ran({ one: 'passed', two: 'pending' }, undefined, timelineOf('one'))).toEqual([
			run({ passed: ['one'], failed: ['two'] }),
		]);
	});

	test('are removed with the scenario, and kept if the file could not be run', async () => {
		await ran({ one: 'passed', two: 'passed' }, undefined, timelineOf('one'), timelineOf('two'));
		expect(await ran({}, new Error('syntax'))).toEqual([run({ failed: ['the file could not be run'] })]);
		expect((await collected()).scenarios).toHaveLength(2);
		expect(await ran({ one: 'pending', renamed: 'passed' }, undefined, timelineOf('renamed'))).toEqual([
			run({ passed: ['one', 'renamed'] }),
		]);
		expect((await collected()).scenarios).toHaveLength(2);
	});

	test('are not recorded for files that are not specs', async () => {
		await writeRecord(resultOf('harness/lab/lab.lab.test.ts', { one: 'failed' }), [], environment, reports.path);
		expect(await readdir(reports.path)).toEqual([]);
	});
});
