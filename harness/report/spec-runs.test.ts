import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mergeSpecRuns, runOf, type SpecRun } from './spec-runs.ts';

const environment = { engine: 'vm', kernel: '6.1.180' };
const run = (changes: Partial<SpecRun> = {}): SpecRun => ({
	spec: 'specs/a.spec.ts',
	...environment,
	passed: ['one', 'two'],
	failed: [],
	pending: [],
	...changes,
});

test('a spec’s run has the outcome of each of its scenarios, or the failure of the whole file', () => {
	const record = { spec: 'specs/a.spec.ts', ...environment, scenarios: ['one', 'two', 'three'] };
	const outcomes = new Map([
		['one', 'passed'],
		['two', 'failed'],
		['gone', 'failed'],
	] as const);
	const outcomeOf = (title: string) => outcomes.get(title as 'one');
	expect(runOf(record, outcomeOf)).toEqual(run({ passed: ['one'], failed: ['two'], pending: ['three'] }));
	expect(runOf({ ...record, scenarios: [], error: 'syntax' }, outcomeOf)).toEqual(
		run({ passed: [], failed: ['the file could not be run'] }),
	);
});

test('after merging, a failure of any run is visible, and a scenario that ran in one of them is not pending', () => {
	const failed = run({ passed: ['two'], failed: ['one'] });
	const inPart = run({ passed: ['one'], pending: ['two', 'three'] });
	const both = run({ passed: ['two'], failed: ['one'], pending: ['three'] });
	expect(mergeSpecRuns([failed, inPart])).toEqual([both]);
	expect(mergeSpecRuns([inPart, failed])).toEqual([both]);
});

test('after merging any runs, each scenario is in one list, and no failure is lost', () => {
	const names = ['one', 'two', 'three', 'four'];
	const anyRun = fc
		.array(fc.constantFrom('passed', 'failed', 'pending', 'no more'), { minLength: 4, maxLength: 4 })
		.map((states) => {
			const namesOf = (wanted: string) => names.filter((_, index) => states[index] === wanted);
			return run({ passed: namesOf('passed'), failed: namesOf('failed'), pending: namesOf('pending') });
		});
	const all = ({ passed, failed, pending }: SpecRun) => [...passed, ...failed, ...pending].sort();
	fc.assert(
		fc.property(anyRun, anyRun, (one, other) => {
			const [joined = run()] = mergeSpecRuns([one, other]);
			expect(all(joined)).toEqual([...new Set([...all(one), ...all(other)])].sort());
			expect([...joined.failed].sort()).toEqual([...new Set([...one.failed, ...other.failed])].sort());
		}),
	);
});
