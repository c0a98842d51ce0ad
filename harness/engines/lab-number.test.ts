import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Run } from './engine.ts';
import { takeLabNumber } from './lab-number.ts';

let run: Run;

beforeEach(async () => {
	run = { id: 'a-test', owner: 'here:1', directory: await mkdtemp(join(tmpdir(), 'halfopen-run-')), family: 'ipv4' };
});

afterEach(() => rm(run.directory, { recursive: true, force: true }));

test('twenty concurrent calls return the numbers from 1 to 20, each once', async () => {
	const numbers = await Promise.all(Array.from({ length: 20 }, () => takeLabNumber(run)));
	expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test('another worker gets the next number', async () => {
	await takeLabNumber(run);
	// As in another worker, nothing is shared but the file system.
	expect(await takeLabNumber({ ...run })).toBe(2);
});

test('each run has its own numbers', async () => {
	await takeLabNumber(run);
	const other = await mkdtemp(join(tmpdir(), 'halfopen-run-'));
	try {
		expect(await takeLabNumber({ ...run, directory: other })).toBe(1);
	} finally {
		await rm(other, { recursive: true });
	}
});

test('rejects if the folder of the run is missing', async () => {
	await rm(run.directory, { recursive: true });
	await expect(takeLabNumber(run)).rejects.toMatchObject({ code: 'ENOENT' });
});
