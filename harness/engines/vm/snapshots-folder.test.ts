import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { temporaryCache } from '../../kernels/fixtures/cache.ts';
import { vmInventory } from './fixtures/inventory.ts';
import { snapshotsFolder, sweepUnfinished, unfinishedSnapshot } from './snapshots-folder.ts';

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

test('an unfinished folder is removed when it is disposed of', async () => {
	{
		await using folder = await unfinishedSnapshot(snapshotsFolder(), ours);
		await using other = await unfinishedSnapshot(snapshotsFolder(), ours);
		expect(folder.path).not.toBe(other.path);
		await writeFile(join(folder.path, 'memory'), 'half');
	}
	expect(await readdir(snapshotsFolder())).toEqual([]);
});

test('a sweep removes the unfinished folders of a killed run, and no others', async () => {
	const snapshot = join(snapshotsFolder(), '6.1-0123');
	await mkdir(join(snapshot, 'ready-4567'), { recursive: true });
	for (const folder of [snapshotsFolder(), snapshot]) {
		await writeFile(join((await unfinishedSnapshot(folder, ours)).path, 'memory'), 'half');
		await unfinishedSnapshot(folder, others);
	}
	expect(await vmInventory.objects(isOf(ours))).toHaveLength(2);
	expect(await sweepUnfinished(ours)).toEqual([
		expect.stringMatching(/^snapshot \.abc1-/),
		expect.stringMatching(/^snapshot \.abc1-/),
	]);
	expect(await vmInventory.objects(isOf(ours))).toEqual([]);
	expect(await sweepUnfinished(ours)).toEqual([]);
	expect(await vmInventory.objects(isOf(others))).toHaveLength(2);
	expect(await readdir(snapshot)).toContain('ready-4567');
});

test('unfinished folders of any run are removed after a day, when another one is created', async () => {
	const forgotten = await unfinishedSnapshot(snapshotsFolder(), others);
	const yesterday = new Date(Date.now() - 90_000_000);
	await utimes(forgotten.path, yesterday, yesterday);
	await using latest = await unfinishedSnapshot(snapshotsFolder(), ours);
	expect(await readdir(snapshotsFolder())).toEqual([basename(latest.path)]);
});

test('a sweep without any snapshots removes nothing', async () => {
	expect(await sweepUnfinished(ours)).toEqual([]);
	expect(await vmInventory.objects(isOf(ours))).toEqual([]);
});
