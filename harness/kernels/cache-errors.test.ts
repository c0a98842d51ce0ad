import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cacheFolder } from './cache.ts';
import { intoCache } from './cache-errors.ts';
import { temporaryCache } from './fixtures/cache.ts';

let cache: Awaited<ReturnType<typeof temporaryCache>>;
let outside = '';

beforeEach(async () => {
	cache = await temporaryCache();
	outside = join(cache.path, 'program');
	await mkdir(cacheFolder());
	await writeFile(outside, '');
});

afterEach(async () => {
	await cache[Symbol.asyncDispose]();
});

/** Returns work that fails with such an error of Node. A real one is not possible, because root can read everything. */
const failing = (code: string, path: string, dest?: string) => async () => {
	throw Object.assign(new Error(`${code}: it was refused, '${path}'`), { code, path, dest });
};

const unwritable = {
	code: 'SETUP_FAILED',
	problem: 'The cache of kernels cannot be written.',
	remedy: expect.stringContaining('XDG_CACHE_HOME'),
};
const unreadable = (path: string) => ({
	code: 'SETUP_FAILED',
	problem: `${path} cannot be read.`,
	remedy: expect.stringContaining('read it'),
});

describe('writing to the cache', () => {
	test('fails if the source cannot be read: the error names the source, not the cache', async () => {
		const hidden = join(outside, 'hidden');
		await expect(intoCache(() => readFile(hidden))).rejects.toMatchObject(unreadable(hidden));
		await expect(intoCache(() => copyFile(hidden, join(cacheFolder(), 'copy')))).rejects.toMatchObject(
			unreadable(hidden),
		);
		await expect(intoCache(failing('EACCES', '/nowhere/modules'))).rejects.toMatchObject(
			unreadable('/nowhere/modules'),
		);
	});

	test('fails if the cache cannot be written, although the source can be read', async () => {
		const inside = join(cacheFolder(), 'copy');
		await writeFile(inside, '');
		await expect(intoCache(() => copyFile(outside, join(inside, 'copy')))).rejects.toMatchObject(unwritable);
		await expect(intoCache(failing('EACCES', inside))).rejects.toMatchObject(unwritable);
		await expect(intoCache(failing('EACCES', outside, inside))).rejects.toMatchObject(unwritable);
		await expect(intoCache(failing('EROFS', '/'))).rejects.toMatchObject(unwritable);
	});

	test('fails with DISK_FULL if the quota is used up', async () => {
		await expect(intoCache(failing('EDQUOT', outside, cacheFolder()))).rejects.toMatchObject({ code: 'DISK_FULL' });
	});

	test('rejects with any other error unchanged', async () => {
		await expect(intoCache(failing('EIO', outside))).rejects.toMatchObject({ code: 'EIO' });
	});
});
