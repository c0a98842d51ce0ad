import { expect, test } from '@jest/globals';
import { burstRules, gilbertModel } from './burst.ts';

test('the model has the share and the mean length of bursts', () => {
	const { begin, end } = gilbertModel(0.2, 4);
	// The time in the bad state is geometric with mean 1 / end. The stationary share of a chain with two states.
	expect(1 / end).toBeCloseTo(4);
	expect(begin / (begin + end)).toBeCloseTo(0.2);
});

test('a share that leaves no packet between two bursts is refused', () => {
	expect(gilbertModel(0.5, 1).begin).toBe(1);
	expect(() => gilbertModel(0.6, 1)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
	expect(() => gilbertModel(1, 10)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
});

test('the rules: a burst ends, goes on, or begins', () => {
	const { rules, sets } = burstRules({ expression: 'X', sets: [] }, { begin: 0.1, end: 0.5 }, 'loss-1');
	expect(sets.map(({ name }) => name)).toEqual(['loss-1-burst']);
	expect(rules).toEqual([
		{
			expression: 'X iifname @loss-1-burst numgen random mod 1000000 <= 499999 delete @loss-1-burst { iifname }',
			passes: true,
		},
		{ expression: 'X iifname @loss-1-burst' },
		{ expression: 'X numgen random mod 1000000 <= 99999 add @loss-1-burst { iifname }' },
	]);
});
