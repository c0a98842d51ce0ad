import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CLAIMS } from '../../claims/catalogue.ts';
import type { Environment } from '../../claims/environment.ts';
import { HalfopenError } from '../../errors.ts';
import type { TimelineFile } from '../../timeline/timeline-file.ts';
import { resultOf, temporaryReports } from '../fixtures/reports.ts';
import { powerOffTimeline } from '../ladder/fixtures/timelines.ts';
import type { MatrixView } from '../page/data.ts';
import { writeRecord } from '../spec-runs.ts';
import { matrixOf } from './model.ts';
import { summaryOf, writeMatrix } from './write-matrix.ts';

const IN_ALL = Object.keys(CLAIMS).length;

let folder: string;
let reports: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'halfopen-matrix-'));
	reports = join(folder, 'reports');
	await mkdir(reports);
	await mkdir(join(folder, 'specs'));
	await writeFile(join(folder, 'specs', 'a.spec.ts'), '/** A spec? */');
});

afterEach(() => rm(folder, { recursive: true }));

interface LeftScenario {
	readonly id?: string;
	readonly verdict?: 'holds' | 'differs';
	readonly engine?: string;
	readonly kernel?: string;
	readonly measures?: TimelineFile['measures'];
}

/** Writes passed scenarios with one verdict each into a folder of reports, and returns its path. */
async function leave(name: string, ...found: readonly LeftScenario[]): Promise<string> {
	const path = join(folder, name);
	await mkdir(path, { recursive: true });
	const there = await temporaryReports(path);
	for (const { id = 'PZ8', verdict = 'holds', engine = 'docker', kernel = '6.18.44', measures } of found) {
		const base = powerOffTimeline();
		const timeline = {
			...base,
			engine,
			kernel: { ...base.kernel, release: kernel },
			verdicts: [{ id, verdict, note: 'seen' }],
		};
		await there.leaveTimeline({
			...timeline,
			scenario: `about ${id}`,
			spec: 'specs/a.spec.ts',
			...(measures && { measures }),
		});
	}
	return path;
}

/** Records that these scenarios of the spec failed before they had a lab, and that `others` did not run. */
async function leaveFailures(
	path: string,
	environment: Environment,
	failed: readonly string[],
	others: readonly string[],
): Promise<void> {
	const statuses = [
		...failed.map((title) => [title, 'failed'] as const),
		...others.map((title) => [title, 'pending'] as const),
	];
	await writeRecord(resultOf('specs/a.spec.ts', Object.fromEntries(statuses)), [], environment, path);
}

const markdown = () => readFile(join(reports, 'matrix.md'), 'utf8');
/** Returns the matrix in the page. */
async function matrixOnPage(): Promise<MatrixView> {
	const page = await readFile(join(reports, 'index.html'), 'utf8');
	return JSON.parse(/id="matrix-view">(.*?)<\/script>/.exec(page)?.[1] ?? '');
}

test('has the results of this checkout and others, and no other files are written', async () => {
	await leave('reports', {});
	const vm = { engine: 'vm', kernel: '5.10.259' };
	const measures = [{ what: 'TIME-WAIT', seconds: 61.3 }];
	const other = await leave('other', { ...vm, verdict: 'differs', measures }, { ...vm, id: 'XX1\n' });
	await leaveFailures(other, vm, ['one'], ['about PZ8', 'about XX1\n']);
	expect(summaryOf((await writeMatrix([other], [], folder)).matrix)).toEqual([
		`1 of ${IN_ALL} claims differs between 2 columns, 1 of them unexplained`,
		'vm 5.10.259: 1 scenario failed: a › one',
		'docker 6.18.44: 1 of 1 spec files did not run, or not whole: a',
		'Left out, because the catalogue does not know these ids: XX1\\n',
		'Unexplained: PZ8',
	]);
	const md = await markdown();
	expect(md).toContain(`**1 of ${IN_ALL} claims differs between 2 columns, 1 of them unexplained**: [PZ8](#pz8).`);
	expect(md).toContain('- TIME-WAIT: 61.3 s on vm 5.10.259');
	const onPage = await matrixOnPage();
	expect(onPage.headline).toBe(`1 of ${IN_ALL} claims differs between 2 columns, 1 of them unexplained`);
	expect(onPage.columns.map(({ engine, kernel }) => `${engine} ${kernel}`)).toEqual(['docker 6.18.44', 'vm 5.10.259']);
	expect((await readdir(reports)).sort()).toEqual([
		'claims.json',
		'docker-6.18.44',
		'index.html',
		'matrix.md',
		'measures.json',
	]);
});

test('needs no results of this checkout if others are given', async () => {
	await rm(reports, { recursive: true });
	const { matrix, whole } = await writeMatrix([await leave('other', {})], [], folder);
	expect(await markdown()).toContain(`| docker 6.18.44 (in part) | 0 | 0 | 1 | 0 | ${IN_ALL - 1} |`);
	expect([matrix, whole].map(({ columns }) => columns.length)).toEqual([1, 0]);
});

test('reports a given folder that has no results', async () => {
	await leave('reports', {});
	const { matrix } = await writeMatrix([join(folder, 'gone')], [], folder);
	expect(matrix.troubles).toEqual([`${join(folder, 'gone')} has no timelines: its run is missing`]);
	expect(await markdown()).toContain('its run is missing.');
});

test('lists explanations that are no longer needed', () => {
	const change = {
		name: 'a sysctl',
		since: '6.5',
		commit: 'abc (“title”)',
		effect: 'It changes.',
		claims: ['PZ8'],
		durations: [],
	} as const;
	const verdicts = ['6.1', '6.12'].map((kernel) => ({
		id: 'PZ8',
		verdict: 'holds' as const,
		spec: 'specs/a.spec.ts',
		scenario: 'one',
		engine: 'vm',
		kernel,
		note: '',
	}));
	expect(
		summaryOf(matrixOf({ specs: [], results: [{ verdicts, measures: [], runs: [] }], troubles: [] }, [change])),
	).toEqual([
		`0 of ${IN_ALL} claims differ between 2 columns`,
		'a sysctl: Linux 6.5, abc (“title”): It changes. It explains no difference any more: PZ8.',
	]);
});

test.each(['', '{}', '<!DOCTYPE html>'])(
	'reports a file that cannot be read, and shows the others: %j',
	async (text) => {
		const other = await leave('other', {});
		await temporaryReports(other).then((there) => there.leave('vm-6.1/specs/a.spec.ts/b', { 'timeline.json': text }));
		const { matrix } = await writeMatrix([other], [], folder);
		expect(matrix.troubles).toEqual([
			expect.stringContaining('vm-6.1/specs/a.spec.ts/b/timeline.json is not in the format of this version'),
		]);
		expect(matrix.columns).toMatchObject([{ engine: 'docker' }]);
	},
);

describe('is rejected, and the previous one is kept,', () => {
	beforeEach(async () => {
		await writeFile(join(reports, 'matrix.md'), 'the last one');
	});

	afterEach(async () => expect(await markdown()).toBe('the last one'));

	async function refusal(...others: readonly string[]): Promise<HalfopenError> {
		const error = await writeMatrix(others, [], folder).catch((reason: unknown) => reason);
		expect(error).toBeInstanceOf(HalfopenError);
		expect(error).toMatchObject({
			code: 'RESULTS_MISSING',
			seen: expect.stringMatching(/./),
			remedy: expect.stringContaining('npm test'),
		});
		return error as HalfopenError;
	}

	test('if there are no results', async () => {
		expect((await refusal()).problem).toContain('No run has a verdict on a claim');
	});

	test('if a given path is not a folder', async () => {
		const file = join(await leave('other', {}), 'a-file');
		await writeFile(file, '');
		const error = await writeMatrix([file], [], folder).catch((reason: unknown) => reason);
		expect(error).toMatchObject({
			code: 'REPORT_UNREADABLE',
			problem: expect.stringContaining('a-file is not a folder of reports'),
		});
	});

	test('if no folder has a verdict on a claim', async () => {
		await leave('reports');
		const empty = await leave('empty', { id: 'XX1' });
		expect((await refusal(empty)).seen).toContain(empty);
	});
});
