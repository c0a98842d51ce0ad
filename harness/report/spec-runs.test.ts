import { expect, test } from '@jest/globals';
import type { TestResult } from '@jest/reporters';
import fc from 'fast-check';
import { HalfopenError } from '../errors.ts';
import { PROJECT_ROOT } from './artifacts.ts';
import { mergeSpecRuns, parseSpecRuns, type SpecRun, specRunsOf } from './spec-runs.ts';

const place = { engine: 'vm', kernel: '6.1.180' };
const file = (path: string, results: readonly (readonly [string, string])[], error?: Error) =>
	({
		testFilePath: `${PROJECT_ROOT}${path}`,
		testResults: results.map(([title, status]) => ({ title, status })),
		...(error && { testExecError: error }),
	}) as unknown as TestResult;
const run = (changes: Partial<SpecRun> = {}): SpecRun => ({ spec: 'specs/a.spec.ts', ...place, passed: 2, failed: [], ...changes });

test('a run has a row for each spec: how many passed, and what failed; one that could not be run at all failed', () => {
	const results = [
		['one', 'passed'],
		['two', 'failed'],
		['three', 'pending'],
	] as const;
	const files = [file('specs/a.spec.ts', results), file('specs/b.spec.ts', [], new Error('syntax')), file('harness/lab.lab.test.ts', results)];
	expect(specRunsOf(files, place)).toEqual([
		run({ passed: 1, failed: ['two'] }),
		run({ spec: 'specs/b.spec.ts', passed: 0, failed: ['the file could not be run'] }),
	]);
});

test('the last run of a spec on an engine and kernel stands', () => {
	const others = [run({ spec: 'specs/b.spec.ts' }), run({ engine: 'docker' }), run({ kernel: '6.12' })];
	expect(mergeSpecRuns([...others, run({ failed: ['one'] })], [run()])).toHaveLength(4);
	expect(mergeSpecRuns([run({ failed: ['one'] })], [run()])).toEqual([run()]);
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
