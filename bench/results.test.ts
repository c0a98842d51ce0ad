import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { allowedForSuite, exceeded } from './allowed.ts';
import { report } from './report.ts';
import { type Measured, merged, readResults, writeResults } from './results.ts';

const when = { at: '2026-01-02T03:04:05.000Z', load: [0.5, 1] as [number, number] };

function labs(ours_ms: number, bare_ms: number, figure = 'lab ready'): NonNullable<Measured['labs']> {
	return { ...when, medians: { [figure]: { ours_ms, bare_ms, ratio: Number((ours_ms / bare_ms).toFixed(2)) } } };
}

function suite(wall_s: number, more: Partial<Measured['suite']> = {}): NonNullable<Measured['suite']> {
	return {
		...when,
		wall_s,
		longest: { scenario: 'closing/time-wait/sixty', s: 90 },
		allowed_s: allowedForSuite('netns', 90),
		passed: true,
		...more,
	};
}

const waiting: NonNullable<Measured['waiting']> = {
	...when,
	waited: { '7200 s, idle': { guest_s: 7_200, wall_s: 2.88, ratio: 2_500, memory_mib: 702 } },
};

describe('the limit', () => {
	test('of a lab on docker: 1.3 times the bare one', () => {
		expect(exceeded({ docker: { labs: labs(1_300, 1_000) } })).toEqual([]);
		expect(exceeded({ docker: { labs: labs(1_310, 1_000) } })).toEqual([
			'docker: a lab is ready after 1.31 times the bare time; the limit is 1.3 times.',
		]);
	});

	test('of a lab on netns: 150 ms, and 2 times the bare one', () => {
		expect(exceeded({ netns: { labs: labs(150, 75) } })).toEqual([]);
		expect(exceeded({ netns: { labs: labs(151, 60) } })).toEqual([
			'netns: a lab is ready after 151 ms; the limit is 150 ms.',
			'netns: a lab is ready after 2.52 times the bare time; the limit is 2 times.',
		]);
	});

	test('of a lab in virtual time, on any kernel: 1000 ms until its guest has answered', () => {
		expect(exceeded({ 'vm 6.1': { labs: labs(1_000, 300, 'lab usable'), waiting } })).toEqual([]);
		expect(
			exceeded({ 'vm 6.1': { labs: labs(1_000.1, 300, 'lab usable') }, netns: { labs: labs(2_000, 1, 'lab usable') } }),
		).toEqual(['vm 6.1: a lab is usable after 1000.1 ms; the limit is 1000 ms.']);
	});

	test('of the suite in virtual time: 600 s, whatever its longest scenario', () => {
		const allowed_s = allowedForSuite('vm', 3);
		expect(exceeded({ 'vm 6.1': { suite: suite(600, { allowed_s }) } })).toEqual([]);
		expect(exceeded({ 'vm 7.2': { suite: suite(600.1, { allowed_s }) } })).toEqual([
			'vm 7.2: the suite took 600.1 s; the limit is 600 s.',
		]);
	});

	test('of the suite: 1.5 times its longest scenario and 30 s, and it must pass', () => {
		expect(exceeded({ netns: { suite: suite(165) } })).toEqual([]);
		expect(exceeded({ netns: { suite: suite(165.1) }, docker: { suite: suite(20, { passed: false }) } })).toEqual([
			'netns: the suite took 165.1 s; the limit is 165 s, 1.5 times its longest scenario and 30 s.',
			'docker: the suite failed.',
		]);
	});
});

describe('results', () => {
	let folder: string;
	let path: string;

	beforeEach(async () => {
		folder = await mkdtemp(join(tmpdir(), 'halfopen-bench-'));
		path = join(folder, 'reports', 'bench.json');
	});

	afterEach(() => rm(folder, { recursive: true }));

	test('are read as they were written, and those of other engines or of the suite are kept', async () => {
		await writeResults({ docker: { labs: labs(1_000, 900), suite: suite(170) } }, path);
		await writeResults(
			merged(await readResults(path), { docker: { labs: labs(800, 900) }, netns: { labs: labs(100, 80) } }),
			path,
		);
		expect(await readResults(path)).toEqual({
			docker: { labs: labs(800, 900), suite: suite(170) },
			netns: { labs: labs(100, 80) },
		});
	});

	test('of one kernel are kept beside those of another, and beside earlier measurements of it', async () => {
		await writeResults({ 'vm 6.1': { labs: labs(400, 300), waiting }, 'vm 7.2': { waiting } }, path);
		await writeResults(merged(await readResults(path), { 'vm 6.1': { suite: suite(300) } }), path);
		expect(await readResults(path)).toEqual({
			'vm 6.1': { labs: labs(400, 300), waiting, suite: suite(300) },
			'vm 7.2': { waiting },
		});
	});

	test('of another version, truncated or missing count as none', async () => {
		expect(await readResults(path)).toEqual({});
		await writeResults({}, path);
		await writeFile(path, '{"lab ready":{"ours_ms":1,"bare_ms":1,"ratio":1}}');
		expect(await readResults(path)).toEqual({});
		await fc.assert(
			fc.asyncProperty(fc.string(), async (text) => {
				await writeFile(path, `{"docker":${text}`);
				await readResults(path);
			}),
			{ numRuns: 50 },
		);
	});

	test('are shown as tables', () => {
		expect(report({ docker: { labs: labs(1_000, 900) }, netns: { labs: labs(100, 80), suite: suite(160) } })).toBe(
			[
				'docker, medians (load 0.5 to 1.0)  ours, ms  bare, ms  ratio',
				'lab ready                            1000.0     900.0   1.11',
				'',
				'netns, medians (load 0.5 to 1.0)  ours, ms  bare, ms  ratio',
				'lab ready                            100.0      80.0   1.25',
				'',
				'the whole suite  took, s  allowed, s  longest, s        load',
				'netns              160.0       165.0        90.0  0.5 to 1.0  closing/time-wait/sixty',
			].join('\n'),
		);
	});

	test('are shown with the cost of waiting in virtual time', () => {
		expect(report({ 'vm 6.1': { labs: labs(400, 300, 'lab usable'), waiting } })).toBe(
			[
				'vm 6.1, medians (load 0.5 to 1.0)  ours, ms  bare, ms  ratio',
				'lab usable                            400.0     300.0   1.33',
				'',
				'vm 6.1, waiting (load 0.5 to 1.0)  guest, s  wall, s  ratio  peak memory, MiB',
				'7200 s, idle                         7200.0     2.88   2500               702',
			].join('\n'),
		);
	});
});
