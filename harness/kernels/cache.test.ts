import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { cacheFolder, kernelsFolder } from './cache.ts';

const before = process.env.XDG_CACHE_HOME;

afterEach(() => {
	if (before === undefined) delete process.env.XDG_CACHE_HOME;
	else process.env.XDG_CACHE_HOME = before;
});

test('the cache is in XDG_CACHE_HOME if that is an absolute path, and else in ~/.cache', () => {
	process.env.XDG_CACHE_HOME = '/var/tmp/caches';
	expect([cacheFolder(), kernelsFolder()]).toEqual(['/var/tmp/caches/halfopen', '/var/tmp/caches/halfopen/kernels']);
	for (const invalid of ['', 'caches']) {
		process.env.XDG_CACHE_HOME = invalid;
		expect(cacheFolder()).toBe(join(homedir(), '.cache/halfopen'));
	}
	delete process.env.XDG_CACHE_HOME;
	expect(cacheFolder()).toBe(join(homedir(), '.cache/halfopen'));
});
