import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HalfopenError } from '../../errors.ts';
import { matrixOf } from './model.ts';
import { saidOf, writeMatrix } from './write-matrix.ts';

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

/** Rows of verdicts, in a folder; gives its path. */
async function leave(name: string, ...rows: readonly object[]): Promise<string> {
	const whole = rows.map((row) => ({
		id: 'PZ8',
		verdict: 'holds',
		scenario: 'power off',
		engine: 'docker',
		kernel: '6.18.44',
		note: 'seen',
		...row,
	}));
	const path = join(folder, name);
	await mkdir(path, { recursive: true });
	await writeFile(join(path, 'claims.json'), JSON.stringify(whole));
	return path;
}

const pages = async () => ({
	md: await readFile(join(reports, 'matrix.md'), 'utf8'),
	html: await readFile(join(reports, 'matrix.html'), 'utf8'),
});

test('is written over what this checkout has and others have, and leaves nothing else', async () => {
	await leave('reports', {});
	const other = await leave('other', { engine: 'vm', kernel: '5.10.259', verdict: 'differs' }, { id: 'XX1\n' });
	const took = { what: 'TIME-WAIT', quiet: 60, scenario: 'warm-up', engine: 'vm', kernel: '5.10.259' };
	await writeFile(join(other, 'measures.json'), JSON.stringify([{ ...took, seconds: 61.3 }]));
	await writeFile(
		join(other, 'runs.json'),
		JSON.stringify([{ spec: 'specs/a.spec.ts', engine: 'vm', kernel: '5.10.259', passed: ['two'], failed: ['one'], pending: [] }]),
	);
	expect(saidOf((await writeMatrix([other], [], folder)).matrix)).toEqual([
		'1 of 95 claims differs between 2 columns, 1 of them unexplained',
		'vm 5.10.259: 1 scenario failed: a › one',
		'docker 6.18.44: 1 of 1 spec files did not run, or not whole: a',
		'Left out, because the catalogue does not know these ids: XX1\\n',
		'Unexplained: PZ8',
	]);
	const { md, html } = await pages();
	expect(md).toContain('**1 of 95 claims differs between 2 columns, 1 of them unexplained**: [PZ8](#pz8).');
	expect(md).toContain('- TIME-WAIT: 61.3 s on vm 5.10.259');
	expect(html).toMatch(/^<!DOCTYPE html>[\s\S]*<tbody id="PZ8" class="marked">[\s\S]*<\/html>\n$/);
	expect((await readdir(reports)).sort()).toEqual(['claims.json', 'matrix.html', 'matrix.md']);
});

test('needs nothing of this checkout where others are named, nor its folder', async () => {
	await rm(reports, { recursive: true });
	const { matrix, whole } = await writeMatrix([await leave('other', {})], [], folder);
	expect((await pages()).md).toContain('| docker 6.18.44 (in part) | 0 | 0 | 1 | 0 | 94 |');
	expect([matrix, whole].map(({ columns }) => columns.length)).toEqual([1, 0]);
});

test('tells of a folder that was named and has nothing', async () => {
	await leave('reports', {});
	const { matrix } = await writeMatrix([join(folder, 'gone')], [], folder);
	expect(matrix.troubles).toEqual([`${join(folder, 'gone')} has no claims.json: its run is missing`]);
	expect((await pages()).md).toContain('its run is missing.');
});

test('says which explanations are not needed any more', () => {
	const change = { name: 'a sysctl', since: '6.5', commit: 'abc (“title”)', effect: 'It changes.', claims: ['PZ8'], durations: [] } as const;
	const verdicts = ['6.1', '6.12'].map((kernel) => ({ id: 'PZ8', verdict: 'holds' as const, scenario: 'one', engine: 'vm', kernel, note: '' }));
	expect(saidOf(matrixOf({ specs: [], results: [{ verdicts, measures: [], runs: [] }], troubles: [] }, [change]))).toEqual([
		'0 of 95 claims differ between 2 columns',
		'a sysctl: Linux 6.5, abc (“title”): It changes. It explains no difference any more: PZ8.',
	]);
});

test('asks for nothing from anywhere, runs no script, and has the colours of the page over all scenarios', async () => {
	await leave('reports', {});
	await writeMatrix([], [], folder);
	const { html } = await pages();
	expect(html).not.toMatch(/\bsrc\s*=|href="[^#]|url\(|@import|<link|<script|<iframe|<img|https?:/i);
	expect(html.match(/<\/style/g)).toHaveLength(1);
	expect(html).toContain('--page-ground');
	expect(html).toContain('prefers-color-scheme: dark');
});

describe('is refused, and what was there stays,', () => {
	beforeEach(async () => {
		await writeFile(join(reports, 'matrix.md'), 'the last one');
		await writeFile(join(reports, 'matrix.html'), 'the last one');
	});

	afterEach(async () => expect(await pages()).toEqual({ md: 'the last one', html: 'the last one' }));

	async function refusal(...others: readonly string[]): Promise<HalfopenError> {
		const error = await writeMatrix(others, [], folder).catch((reason: unknown) => reason);
		expect(error).toBeInstanceOf(HalfopenError);
		expect(error).toMatchObject({ code: 'BAD_ARGUMENT', seen: expect.stringMatching(/./), remedy: expect.stringContaining('npm test') });
		return error as HalfopenError;
	}

	test('if nothing has been run', async () => {
		expect((await refusal()).problem).toContain('no verdict on any claim');
	});

	test('if what was named is no folder', async () => {
		const other = await leave('other', {});
		expect((await refusal(join(other, 'claims.json'))).problem).toContain('claims.json is not a folder of reports');
	});

	test.each(['', '{}', '[{"id":"PZ1"}]', '<!DOCTYPE html>'])('if a table is something else: %j', async (text) => {
		const good = await leave('good', {});
		for (const name of ['claims.json', 'measures.json', 'runs.json']) {
			const bad = await leave('bad', {});
			await writeFile(join(bad, name), text);
			const { problem, seen } = await refusal(good, bad);
			expect(problem).toContain(`${bad} is not a folder of reports`);
			expect(seen).toContain(name);
			await rm(bad, { recursive: true });
		}
		await writeFile(join(reports, 'claims.json'), text);
		expect((await refusal(good)).problem).toContain('reports is not a folder of reports');
	});

	test('if no folder has a verdict on a claim', async () => {
		await leave('reports');
		const empty = await leave('empty', { id: 'XX1' });
		expect((await refusal(empty)).seen).toContain(empty);
	});
});
