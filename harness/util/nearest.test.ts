import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nearestNames } from './nearest.ts';

describe('the nearest names', () => {
	test('are those with the smallest edit distance, in order of distance', () => {
		// Distances of one, two, three and six.
		expect(nearestNames('tcp_retrie', ['tcp_rmem', 'tcp_retries12', 'tcp_retries', 'tcp_retries2'])).toEqual([
			'tcp_retries',
			'tcp_retries2',
			'tcp_retries12',
		]);
	});

	test('are as many as requested, or all', () => {
		expect(nearestNames('a', ['a', 'b'], 1)).toEqual(['a']);
		expect(nearestNames('a', ['b'])).toEqual(['b']);
		expect(nearestNames('a', [])).toEqual([]);
	});

	test('do not change the given names', () => {
		const names = ['zz', 'ab', 'a'];
		nearestNames('a', names);
		expect(names).toEqual(['zz', 'ab', 'a']);
	});

	test('begin with the name itself if it is among them', () => {
		fc.assert(
			fc.property(fc.array(fc.string(), { minLength: 1 }), fc.nat(), (names, index) => {
				const name = names[index % names.length] as string;
				expect(nearestNames(name, new Set(names))[0]).toBe(name);
			}),
		);
	});
});
