import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { rebootStory } from '../ladder/fixtures/stories.ts';
import { collect } from './collect.ts';
import { writePage } from './write-page.ts';

let reports: string;

beforeEach(async () => {
	reports = await mkdtemp(join(tmpdir(), 'halfopen-reports-'));
});

afterEach(async () => {
	await rm(reports, { recursive: true });
});

async function leave(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
	await mkdir(join(reports, folder), { recursive: true });
	await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(reports, folder, name), text)));
}

const timeline = JSON.stringify(rebootStory());
const cost = JSON.stringify({ engine: 1, kernel: 2, harness: 3 });

test('what scenarios left is found wherever it is, whole or without its later artifacts', async () => {
	await leave('puzzlers/reboot/a', { 'timeline.json': timeline, 'cost.json': cost, 'ladder.svg': '<svg/>', 'client.pcap': '' });
	await leave('deep/er/and/deeper', { 'timeline.json': timeline });
	await leave('.', { 'claims.json': '[]', 'junit.xml': '<testsuites/>' });
	const { scenarios, skipped } = await collect(reports);
	expect(skipped).toEqual([]);
	expect(scenarios).toMatchObject([
		{ folder: 'deep/er/and/deeper', cost: undefined, svg: undefined, files: ['timeline.json'] },
		{ folder: 'puzzlers/reboot/a', cost: { kernel: 2 }, svg: '<svg/>' },
	]);
});

test('what is broken or somebody else’s is skipped and told', async () => {
	await leave('a/broken', { 'timeline.json': timeline.slice(0, 100) });
	await leave('a/foreign', { 'timeline.json': '{"version": 7}' });
	await leave('a/half', { 'timeline.json': timeline, 'cost.json': 'none' });
	const { scenarios, skipped } = await collect(reports);
	expect(scenarios).toMatchObject([{ folder: 'a/half', cost: undefined }]);
	expect(skipped.map(({ code }) => code)).toEqual(['BAD_ARGUMENT', 'BAD_ARGUMENT', 'BAD_ARGUMENT']);
	expect(skipped.map(({ problem }) => problem.split(' ')[0])).toEqual(['a/broken/timeline.json', 'a/foreign/timeline.json', 'a/half/cost.json']);
});

test('the page replaces the one before, and nothing else stays; many skipped files are counted', async () => {
	await leave('a/good', { 'timeline.json': timeline });
	await leave('.', { 'index.html': 'the one before' });
	for (const name of ['1', '2', '3', '4', '5']) await leave(`bad/${name}`, { 'timeline.json': '' });
	const lines = await writePage(reports);
	expect(await readFile(join(reports, 'index.html'), 'utf8')).toMatch(/^<!DOCTYPE html>[\s\S]*abrupt reboot[\s\S]*<\/html>\n$/);
	expect((await readdir(reports)).sort()).toEqual(['a', 'bad', 'index.html']);
	expect(lines).toEqual([
		...['1', '2', '3'].map(
			(name) => `  bad/${name}/timeline.json is not what a scenario of this version leaves: index.html is without it [BAD_ARGUMENT]`,
		),
		'  … and 2 more such files',
		'  to do: run the spec again, or remove the folder',
		expect.stringMatching(/index\.html shows all scenarios of all runs so far: 1$/),
	]);
});
