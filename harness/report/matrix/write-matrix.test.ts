import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HalfopenError } from '../../errors.ts';
import { writeMatrix } from './write-matrix.ts';

let folder: string;
let reports: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'halfopen-matrix-'));
	reports = join(folder, 'reports');
	await mkdir(reports);
});

afterEach(() => rm(folder, { recursive: true }));

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
	await writeFile(path, JSON.stringify(whole));
	return path;
}

const pages = async () => ({
	md: await readFile(join(reports, 'matrix.md'), 'utf8'),
	html: await readFile(join(reports, 'matrix.html'), 'utf8'),
});

test('is written over the rows of this checkout and of others, and leaves nothing else', async () => {
	await leave('reports/claims.json', {});
	const other = await leave('other.json', { engine: 'vm', kernel: '5.10.259', verdict: 'differs' }, { id: 'XX1\n' });
	expect(await writeMatrix([other], reports)).toEqual([
		expect.stringMatching(/matrix\.md and .*matrix\.html: 1 of 95 claims differs between 2 columns$/),
		'Left out, because the catalogue does not know these ids: XX1\\n',
	]);
	const { md, html } = await pages();
	expect(md).toContain('**1 of 95 claims differs between 2 columns**: [PZ8](#pz8).');
	expect(html).toMatch(/^<!DOCTYPE html>[\s\S]*<tbody id="PZ8" class="marked">[\s\S]*<\/html>\n$/);
	expect((await readdir(reports)).sort()).toEqual(['claims.json', 'matrix.html', 'matrix.md']);
});

test('needs no rows of this checkout where others are named, nor its folder', async () => {
	await rm(reports, { recursive: true });
	await writeMatrix([await leave('other.json', {})], reports);
	expect((await pages()).md).toContain('| docker 6.18.44 | 1 | 0 | 94 |');
});

test('asks for nothing from anywhere, runs no script, and has the colours of the page over all scenarios', async () => {
	await leave('reports/claims.json', {});
	await writeMatrix([], reports);
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
		const error = await writeMatrix(others, reports).catch((reason: unknown) => reason);
		expect(error).toBeInstanceOf(HalfopenError);
		expect(error).toMatchObject({ code: 'BAD_ARGUMENT', seen: expect.stringMatching(/./), remedy: expect.stringContaining('npm test') });
		return error as HalfopenError;
	}

	test('if nothing has been run', async () => {
		expect((await refusal()).problem).toContain('claims.json is not there');
	});

	test('if a file that was named is not there, or is a folder', async () => {
		await leave('reports/claims.json', {});
		expect((await refusal(join(folder, 'no.json'))).problem).toContain('no.json is not there');
		expect((await refusal(folder)).problem).toContain(`${folder} is not a table of verdicts`);
	});

	test.each(['', '{}', '[{"id":"PZ1"}]', '<!DOCTYPE html>'])('if a file is something else: %j', async (text) => {
		await leave('good.json', {});
		await writeFile(join(folder, 'bad.json'), text);
		const { problem } = await refusal(join(folder, 'good.json'), join(folder, 'bad.json'));
		expect(problem).toContain('bad.json is not a table of verdicts');
		await writeFile(join(reports, 'claims.json'), text);
		expect((await refusal(join(folder, 'good.json'))).problem).toContain('claims.json is not a table of verdicts');
	});

	test('if no file has a verdict on a claim', async () => {
		await leave('reports/claims.json');
		const empty = await leave('empty.json', { id: 'XX1' });
		expect((await refusal(empty)).seen).toContain(empty);
	});
});
