import { expect, test } from '@jest/globals';
import type { TestResult } from '@jest/reporters';
import fc from 'fast-check';
import { HalfopenError } from '../errors.ts';
import { PROJECT_ROOT } from './artifacts.ts';
import { joinSpecRuns, mergeSpecRuns, parseSpecRuns, type SpecRun, specRunsOf } from './spec-runs.ts';

const place = { engine: 'vm', kernel: '6.1.180' };
const file = (path: string, results: readonly (readonly [string, string])[], error?: Error) =>
	({
		testFilePath: `${PROJECT_ROOT}${path}`,
		testResults: results.map(([title, status]) => ({ title, status })),
		...(error && { testExecError: error }),
	}) as unknown as TestResult;
const run = (changes: Partial<SpecRun> = {}): SpecRun => ({
	spec: 'specs/a.spec.ts',
	...place,
	passed: ['one', 'two'],
	failed: [],
	pending: [],
	...changes,
});

test('a run has a row for each spec: what passed, what failed and what was left out; one that could not be run at all failed', () => {
	const results = [
		['one', 'passed'],
		['two', 'failed'],
		['three', 'pending'],
	] as const;
	const files = [file('specs/a.spec.ts', results), file('specs/b.spec.ts', [], new Error('syntax')), file('harness/lab.lab.test.ts', results)];
	expect(specRunsOf(files, place)).toEqual([
		run({ passed: ['one'], failed: ['two'], pending: ['three'] }),
		run({ spec: 'specs/b.spec.ts', passed: [], failed: ['the file could not be run'] }),
	]);
});

test('the last run of a spec on an engine and kernel stands', () => {
	const others = [run({ spec: 'specs/b.spec.ts' }), run({ engine: 'docker' }), run({ kernel: '6.12' })];
	expect(mergeSpecRuns([...others, run({ failed: ['one'] })], [run()])).toHaveLength(4);
	expect(mergeSpecRuns([run({ failed: ['one', 'renamed since'] })], [run()])).toEqual([run()]);
});

test('what a run left out stands as it was: a failure is not forgotten, and what passed does not shrink', () => {
	const before = run({ passed: ['one', 'two'], failed: ['three'] });
	const onlyOne = run({ passed: [], failed: ['one'], pending: ['two', 'three', 'four'] });
	expect(mergeSpecRuns([before], [onlyOne])).toEqual([run({ passed: ['two'], failed: ['three', 'one'], pending: ['four'] })]);
});

test('side by side a failure of any run stays visible, and what ran in one of them is not pending', () => {
	const failed = run({ passed: ['two'], failed: ['one'] });
	const inPart = run({ passed: ['one'], pending: ['two', 'three'] });
	const both = run({ passed: ['two'], failed: ['one'], pending: ['three'] });
	expect(joinSpecRuns([failed, inPart])).toEqual([both]);
	expect(joinSpecRuns([inPart, failed])).toEqual([both]);
});

test('whatever ran: each scenario is in one list, those of the last run as it says, and side by side no failure is lost', () => {
	const names = ['one', 'two', 'three', 'four'];
	const anyRun = fc.array(fc.constantFrom('passed', 'failed', 'pending', 'no more'), { minLength: 4, maxLength: 4 }).map((states) => {
		const namesOf = (wanted: string) => names.filter((_, index) => states[index] === wanted);
		return run({ passed: namesOf('passed'), failed: namesOf('failed'), pending: namesOf('pending') });
	});
	const all = ({ passed, failed, pending }: SpecRun) => [...passed, ...failed, ...pending].sort();
	fc.assert(
		fc.property(anyRun, anyRun, (earlier, fresh) => {
			const [merged = run()] = mergeSpecRuns([earlier], [fresh]);
			expect(all(merged)).toEqual(all(fresh));
			expect(merged).toMatchObject({ passed: expect.arrayContaining(fresh.passed), failed: expect.arrayContaining(fresh.failed) });
			const [joined = run()] = joinSpecRuns([earlier, fresh]);
			expect(all(joined)).toEqual([...new Set([...all(earlier), ...all(fresh)])].sort());
			expect([...joined.failed].sort()).toEqual([...new Set([...earlier.failed, ...fresh.failed])].sort());
		}),
	);
});

test('runs.json is read or refused, whatever it is', () => {
	fc.assert(
		fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
			try {
				expect(Array.isArray(parseSpecRuns(text, 'runs.json'))).toBe(true);
			} catch (error) {
				expect(error).toBeInstanceOf(HalfopenError);
			}
		}),
	);
});
