import { expect, test } from '@jest/globals';
import { forEngine } from './engine-arguments.ts';

test('guests are two at a time, unless the user says otherwise', () => {
	const vm = { HALFOPEN_ENGINE: 'vm' };
	expect(forEngine(['specs'], vm)).toEqual(['--maxWorkers=2', '--maxConcurrency=1', 'specs']);
	expect(forEngine(['--maxWorkers=4'], vm)).toEqual(['--maxConcurrency=1', '--maxWorkers=4']);
	expect(forEngine(['-i', '--maxConcurrency', '3'], vm)).toEqual(['-i', '--maxConcurrency', '3']);
});

test('other engines have their hosts as Jest is configured', () => {
	expect(forEngine(['specs'], {})).toEqual(['specs']);
	expect(forEngine(['specs'], { HALFOPEN_ENGINE: 'netns' })).toEqual(['specs']);
});

test('the seed of Jest is that of the guests, unless they have one', () => {
	const environment: Record<string, string> = {};
	forEngine(['--seed', '7'], environment);
	expect(environment).toEqual({ HALFOPEN_SEED: '7' });
	forEngine(['--seed=8'], environment);
	expect(environment).toEqual({ HALFOPEN_SEED: '7' });
});
