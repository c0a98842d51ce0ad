import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { cacheFolder, kernelsFolder } from './cache.ts';

const before = process.env.XDG_CACHE_HOME;

afterEach(() => {
	if (before === undefined) delete process.env.XDG_CACHE_HOME;
	else process.env.XDG_CACHE_HOME = before;
});

test('the cache is where XDG_CACHE_HOME says, if that is an absolute path, else in the home', () => {
	process.env.XDG_CACHE_HOME = '/var/tmp/caches';
	expect([cacheFolder(), kernelsFolder()]).toEqual(['/var/tmp/caches/halfopen', '/var/tmp/caches/halfopen/kernels']);
	for (const none of ['', 'caches']) {
		process.env.XDG_CACHE_HOME = none;
		expect(cacheFolder()).toBe(join(homedir(), '.cache/halfopen'));
	}
	delete process.env.XDG_CACHE_HOME;
	expect(cacheFolder()).toBe(join(homedir(), '.cache/halfopen'));
});
