import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nearestNames } from './nearest.ts';

describe('the nearest names', () => {
	test('are those that take the fewest letters to mend, best first', () => {
		// One letter, two, three, and six.
		expect(nearestNames('tcp_retrie', ['tcp_rmem', 'tcp_retries12', 'tcp_retries', 'tcp_retries2'])).toEqual([
			'tcp_retries',
			'tcp_retries2',
			'tcp_retries12',
		]);
	});

	test('are as many as are wanted, or as there are', () => {
		expect(nearestNames('a', ['a', 'b'], 1)).toEqual(['a']);
		expect(nearestNames('a', ['b'])).toEqual(['b']);
		expect(nearestNames('a', [])).toEqual([]);
	});

	test('leave the names they were given as they were', () => {
		const names = ['zz', 'ab', 'a'];
		nearestNames('a', names);
		expect(names).toEqual(['zz', 'ab', 'a']);
	});

	test('begin with the name itself where it is among them', () => {
		fc.assert(
			fc.property(fc.array(fc.string(), { minLength: 1 }), fc.nat(), (names, index) => {
				const name = names[index % names.length] as string;
				expect(nearestNames(name, new Set(names))[0]).toBe(name);
			}),
		);
	});
});
