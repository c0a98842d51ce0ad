import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporaryCache } from '../../kernels/fixtures/cache.ts';
import { vmInventory } from './fixtures/inventory.ts';
import { snapshotsFolder, sweepUnfinished, unfinishedFolder } from './snapshots-folder.ts';

const ours = { id: 'abc1', owner: 'machine:1' };
const others = { id: 'abc', owner: 'machine:2' };
let cache: Awaited<ReturnType<typeof temporaryCache>>;

beforeEach(async () => {
	cache = await temporaryCache();
});

afterEach(async () => cache[Symbol.asyncDispose]());

const isOf =
	({ id }: typeof ours) =>
	(run: { id: string }) =>
		run.id === id;

test('what is not complete goes with whoever makes it', async () => {
	{
		await using folder = await unfinishedFolder(snapshotsFolder(), ours);
		await using other = await unfinishedFolder(snapshotsFolder(), ours);
		expect(folder.path).not.toBe(other.path);
		await writeFile(join(folder.path, 'memory'), 'half');
	}
	expect(await readdir(snapshotsFolder())).toEqual([]);
});

test('what a killed run has left is swept, wherever it was making it, and nothing of another run, nor what is complete', async () => {
	const snapshot = join(snapshotsFolder(), '6.1-0123');
	await mkdir(join(snapshot, 'ready-4567'), { recursive: true });
	for (const folder of [snapshotsFolder(), snapshot]) {
		await writeFile(join((await unfinishedFolder(folder, ours)).path, 'memory'), 'half');
		await unfinishedFolder(folder, others);
	}
	expect(await vmInventory.things(isOf(ours))).toHaveLength(2);
	expect(await sweepUnfinished(ours)).toEqual([
		expect.stringMatching(/^snapshot \.abc1-/),
		expect.stringMatching(/^snapshot \.abc1-/),
	]);
	expect(await vmInventory.things(isOf(ours))).toEqual([]);
	expect(await sweepUnfinished(ours)).toEqual([]);
	expect(await vmInventory.things(isOf(others))).toHaveLength(2);
	expect(await readdir(snapshot)).toContain('ready-4567');
});

test('what was left the day before, by whomever, goes when another is made', async () => {
	const forgotten = await unfinishedFolder(snapshotsFolder(), others);
	const yesterday = new Date(Date.now() - 90_000_000);
	await utimes(forgotten.path, yesterday, yesterday);
	await using latest = await unfinishedFolder(snapshotsFolder(), ours);
	expect(await readdir(snapshotsFolder())).toEqual([basename(latest.path)]);
});

test('where nothing was ever saved there is nothing to sweep', async () => {
	expect(await sweepUnfinished(ours)).toEqual([]);
	expect(await vmInventory.things(isOf(ours))).toEqual([]);
});
