import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Change } from './changes.ts';
import { compare } from './comparison.ts';

const change = (since: Change['since']): Change => ({
	name: `of ${since}`,
	since,
	commit: '',
	effect: '',
	claims: [],
	durations: [],
});
const agree = (values: readonly string[]) => new Set(values).size < 2;
const on = (...found: readonly (readonly [string, string])[]) => found.map(([kernel, value]) => ({ kernel, value }));
const names = (changes: readonly Change[]) => changes.map(({ name }) => name);

describe('a difference', () => {
	test('is explained by a change between the kernels that differ', () => {
		const result = compare(on(['5.10.259', 'a'], ['6.1.180', 'a'], ['6.12.9', 'b'], ['7.2', 'b']), agree, [
			change('6.5'),
		]);
		expect(result).toEqual({ differs: true, because: [change('6.5')], unexplained: false, idle: [] });
	});

	test('may need several changes as an explanation', () => {
		const { because, unexplained } = compare(on(['5.10', 'a'], ['6.1', 'b'], ['6.12', 'a']), agree, [
			change('6.5'),
			change('5.14'),
		]);
		expect(names(because)).toEqual(['of 5.14', 'of 6.5']);
		expect(unexplained).toBe(false);
	});

	test('is unexplained if no change is known, or if the changes explain only a part', () => {
		expect(compare(on(['6.1', 'a'], ['6.12', 'b']), agree, [])).toMatchObject({ differs: true, unexplained: true });
		const two = compare(on(['5.10', 'a'], ['6.1', 'b'], ['6.12', 'c']), agree, [change('6.5')]);
		expect(two).toMatchObject({ differs: true, because: [change('6.5')], unexplained: true });
	});

	test('on one kernel is unexplained, whatever changed between others', () => {
		expect(compare(on(['6.12', 'a'], ['6.12', 'b']), agree, [change('6.5')])).toMatchObject({
			because: [],
			unexplained: true,
		});
	});
});

describe('a change', () => {
	test('is idle if the values before and after it agree', () => {
		const result = compare(on(['5.10', 'a'], ['6.1', 'b'], ['6.12', 'b']), agree, [change('6.5'), change('5.14')]);
		expect(names(result.because)).toEqual(['of 5.14']);
		expect(names(result.idle)).toEqual(['of 6.5']);
	});

	test('is ignored if it is not between kernels with results', () => {
		expect(compare(on(['6.12', 'a'], ['7.2', 'a']), agree, [change('6.5')])).toEqual({
			differs: false,
			because: [],
			unexplained: false,
			idle: [],
		});
	});
});

test(
	'for any results, the order does not matter, only differences are explained, and no change is both needed and ' +
		'idle',
	() => {
		const found = fc.array(
			fc.record({ kernel: fc.constantFrom('5.10', '6.1', '6.12', '7.2'), value: fc.constantFrom('a', 'b', 'c') }),
			{
				maxLength: 6,
			},
		);
		const changes = fc.subarray([change('5.14'), change('6.5'), change('6.15')]);
		fc.assert(
			fc.property(found, changes, (observed, known) => {
				const result = compare(observed, agree, known);
				expect(compare(observed.toReversed(), agree, known.toReversed())).toEqual(result);
				expect(result.differs).toBe(!agree(observed.map(({ value }) => value)));
				if (!result.differs) expect(result).toMatchObject({ because: [], unexplained: false });
				if (known.length === 0) expect(result.unexplained).toBe(result.differs);
				expect(result.because.filter((one) => result.idle.includes(one))).toEqual([]);
			}),
		);
	},
);
