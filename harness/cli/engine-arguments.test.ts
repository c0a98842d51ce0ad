import { expect, test } from '@jest/globals';
import { forEngine } from './engine-arguments.ts';

test('vm runs two guests at a time, unless the user sets another number', () => {
	const vm = { HALFOPEN_ENGINE: 'vm' };
	expect(forEngine(['specs'], vm)).toEqual(['--maxWorkers=2', '--maxConcurrency=1', 'specs']);
	expect(forEngine(['--maxWorkers=4'], vm)).toEqual(['--maxConcurrency=1', '--maxWorkers=4']);
	expect(forEngine(['-i', '--maxConcurrency', '3'], vm)).toEqual(['-i', '--maxConcurrency', '3']);
});

test('other engines keep the configuration of Jest', () => {
	expect(forEngine(['specs'], {})).toEqual(['specs']);
	expect(forEngine(['specs'], { HALFOPEN_ENGINE: 'netns' })).toEqual(['specs']);
});

test('--seed is also the seed of the guests, unless HALFOPEN_SEED is set', () => {
	const environment: Record<string, string> = {};
	forEngine(['--seed', '7'], environment);
	expect(environment).toEqual({ HALFOPEN_SEED: '7' });
	forEngine(['--seed=8'], environment);
	expect(environment).toEqual({ HALFOPEN_SEED: '7' });
});
