import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CLAIMS, isClaimId } from '../../claims/catalogue.ts';
import { countClaims, type VerdictRow } from '../../claims/verdicts.ts';
import type { Results } from '../collect.ts';
import type { SpecRun } from '../spec-runs.ts';
import { headline, headOf, labelOf, scenarioOf, troubleSentences } from './captions.ts';
import type { Change } from './changes.ts';
import type { ClaimRow } from './claims.ts';
import type { Column, Trouble } from './columns.ts';
import { anyInput } from './fixtures/arbitrary.ts';
import { isSound, type Matrix, matrixOf, onlyWhole, rowsOf } from './model.ts';

const row = (changes: Partial<VerdictRow> = {}): VerdictRow => ({
	id: 'PZ8',
	verdict: 'holds',
	spec: 'specs/power-off.spec.ts',
	scenario: 'power off',
	engine: 'docker',
	kernel: '6.18.44',
	note: 'seen',
	...changes,
});
const found = (...verdicts: VerdictRow[]): Results => ({ verdicts, measures: [], runs: [] });
const ran = (changes: Partial<SpecRun> = {}): SpecRun => ({
	spec: 'specs/a.spec.ts',
	engine: 'vm',
	kernel: '6.1',
	passed: ['one', 'two', 'three'],
	failed: [],
	pending: [],
	...changes,
});
/** Returns the matrix of these folders' results, in a project with these spec files. */
const madeOf = (results: readonly Results[], troubles: readonly Trouble[] = [], specs: readonly string[] = []) =>
	matrixOf({ specs, results, troubles });
const rowIn = (matrix: Matrix, id: string) => rowsOf(matrix).find((each) => each.id === id) as ClaimRow;
const labels = (matrix: Matrix, id: string) => rowIn(matrix, id).cells.map(labelOf);

const IN_ALL = Object.keys(CLAIMS).length;

describe('columns', () => {
	test('are sorted by engine, then by kernel version', () => {
		const given = [
			['vm', '6.12.96'],
			['vm', '5.10.259'],
			['vm', '6.2'],
			['docker', '6.18.44-fc-v595'],
			['vm', '6.12.9'],
			['vm', '6.1.180'],
			['docker', '6.18.44'],
		] as const;
		const { columns } = madeOf([found(...given.map(([engine, kernel]) => row({ engine, kernel })))]);
		expect(columns.map(({ engine, kernel }) => `${engine} ${kernel}`)).toEqual([
			'docker 6.18.44',
			'docker 6.18.44-fc-v595',
			'vm 5.10.259',
			'vm 6.1.180',
			'vm 6.2',
			'vm 6.12.9',
			'vm 6.12.96',
		]);
	});

	test('are those with verdicts on claims of the catalogue; the ids of others are listed', () => {
		const matrix = madeOf([
			found(row({ id: 'XX2', kernel: '4.19' }), row()),
			found(row({ id: 'XX1' }), row({ id: 'XX2' })),
		]);
		expect(matrix.columns).toMatchObject([{ kernel: '6.18.44' }]);
		expect(matrix.unknown).toEqual(['XX1', 'XX2']);
	});
});

describe('rows', () => {
	test('are the whole catalogue in its order, grouped by source', () => {
		const { groups } = madeOf([]);
		expect(groups.flatMap(({ rows }) => rows.map(({ id, text }) => [id, text]))).toEqual(
			Object.entries(CLAIMS).map(([id, { text }]) => [id, text]),
		);
		expect(groups.map(({ source }) => source)).toEqual(['PZ', 'HS', 'WF', 'HS', 'ST', 'QI', 'KH', 'WI']);
	});

	test('differ if their verdicts differ, but not if one is missing', () => {
		const older = { kernel: '5.10' };
		const matrix = madeOf([
			found(row(), row({ id: 'PZ9', verdict: 'differs' }), row({ id: 'HS1' })),
			found(row({ ...older, verdict: 'differs' }), row({ ...older, id: 'PZ9', verdict: 'differs' })),
		]);
		expect(rowsOf(matrix).flatMap(({ id, differs }) => (differs ? [id] : []))).toEqual(['PZ8']);
		expect(labels(matrix, 'PZ8')).toEqual(['differs', 'holds']);
		expect(labels(matrix, 'HS1')).toEqual(['not covered', 'holds']);
		expect(headline(matrix)).toBe(`1 of ${IN_ALL} claims differs between 2 columns, 1 of them unexplained`);
		expect(headline(madeOf([found(row())]))).toBe(`${IN_ALL} claims and one column: nothing to compare yet`);
	});
});

describe('a cell', () => {
	test('shows how many of several scenarios agree', () => {
		const second = { scenario: 'another' };
		expect(labels(madeOf([found(row(), row(second))]), 'PZ8')).toEqual(['holds (2 of 2)']);
		const divided = madeOf([found(row({ verdict: 'differs' }), row(second), row({ scenario: 'a third' }))]);
		expect(labels(divided, 'PZ8')).toEqual(['differs (1 of 3)']);
		expect(divided.columns).toMatchObject([{ count: { holds: 0, differs: 1 } }]);
		expect(rowIn(divided, 'PZ8').differs).toBe(false);
	});

	test('that is divided differs from one that is not', () => {
		const matrix = madeOf([
			found(row({ verdict: 'differs' }), row({ scenario: 'another' }), row({ kernel: '5.10', verdict: 'differs' })),
		]);
		expect(labels(matrix, 'PZ8')).toEqual(['differs', 'differs (1 of 2)']);
		expect(rowIn(matrix, 'PZ8').differs).toBe(true);
	});

	test('has the last note if runs agree, and both verdicts if they do not', () => {
		expect(rowIn(madeOf([found(row()), found(row({ note: 'seen again' }))]), 'PZ8').cells).toEqual([
			{
				verdict: 'holds',
				judgements: [{ verdict: 'holds', spec: 'specs/power-off.spec.ts', scenario: 'power off', note: 'seen again' }],
			},
		]);
		expect(labels(madeOf([found(row()), found(row({ verdict: 'differs' }))]), 'PZ8')).toEqual(['differs (1 of 2)']);
	});
});

test('the same note in several columns is shown once', () => {
	const { spec } = row();
	const matrix = madeOf([found(row(), row({ kernel: '6.1' }), row({ kernel: '6.2', note: 'otherwise' }))]);
	expect(rowIn(matrix, 'PZ8').notes).toEqual([
		{ verdict: 'holds', spec, scenario: 'power off', note: 'seen', columns: [0, 2] },
		{ verdict: 'holds', spec, scenario: 'power off', note: 'otherwise', columns: [1] },
	]);
});

test('scenarios of two spec files may have the same title: the verdicts and notes of both are kept', () => {
	const other = row({ spec: 'specs/other.spec.ts', verdict: 'differs' });
	for (const folders of [[found(row(), other)], [found(row()), found(other)]]) {
		const matrix = madeOf(folders);
		expect(labels(matrix, 'PZ8')).toEqual(['differs (1 of 2)']);
		expect(rowIn(matrix, 'PZ8').notes).toMatchObject([
			{ verdict: 'holds', spec: 'specs/power-off.spec.ts' },
			{ verdict: 'differs', spec: 'specs/other.spec.ts' },
		]);
	}
	const agreeing = madeOf([found(row(), row({ spec: 'specs/other.spec.ts' }))]);
	expect(labels(agreeing, 'PZ8')).toEqual(['holds (2 of 2)']);
	const { notes } = rowIn(agreeing, 'PZ8');
	expect(notes.map((note) => scenarioOf(note, notes))).toEqual(['power off (other)', 'power off (power-off)']);
});

describe('runs', () => {
	const [a, b] = ['specs/a.spec.ts', 'specs/puzzlers/b.spec.ts'] as const;

	test('with failures are listed by column, and the matrix is not sound', () => {
		const runs = [ran({ passed: ['three'], failed: ['one', 'two'] }), ran({ spec: b })];
		const matrix = madeOf([{ ...found(row()), runs }], [], [a, b]);
		expect(matrix.columns).toMatchObject([
			{ engine: 'docker', passed: 0, failed: [], isBroken: false },
			{ engine: 'vm', passed: 4, failed: ['a › one', 'a › two'], isBroken: true, missing: [] },
		]);
		expect(troubleSentences(matrix)).toContain('vm 6.1: 2 scenarios failed: a › one, a › two');
		expect(isSound(matrix)).toBe(false);
	});

	test('of only some spec files are listed by column, which is in part', () => {
		const matrix = madeOf([{ ...found(row()), runs: [ran(), ran({ spec: b, pending: ['four'] })] }], [], [a, b]);
		expect(matrix.columns).toMatchObject([
			{ missing: ['a', 'puzzlers/b'] },
			{ passed: 6, isBroken: false, missing: ['puzzlers/b'] },
		]);
		expect(troubleSentences(matrix)).toEqual([
			'docker 6.18.44: 2 of 2 spec files did not run, or not whole: a, puzzlers/b',
			'vm 6.1: 1 of 2 spec files did not run, or not whole: puzzlers/b',
		]);
		expect(headOf(matrix.columns[1] as Column, 'vm 6.1')).toBe('vm 6.1 (in part)');
		expect(isSound(matrix)).toBe(true);
	});

	test('of spec files that no longer exist do not count, and are listed', () => {
		const matrix = madeOf([{ ...found(), runs: [ran(), ran({ spec: b, failed: ['one'] })] }], [], [a]);
		expect(matrix.columns).toMatchObject([{ passed: 3, failed: [], isBroken: false, missing: [] }]);
		expect(troubleSentences(matrix)).toEqual([`Left out, because these spec files exist no more: ${b}`]);
	});

	test('of the same spec, engine and kernel are merged: every failure is kept, and parts may add up to a whole', () => {
		const folders = [
			{ ...found(), runs: [ran({ passed: ['two'], failed: ['one'] })] },
			{ ...found(), runs: [ran(), ran({ spec: b })] },
		];
		expect(madeOf(folders, [], [a, b]).columns).toMatchObject([
			{ passed: 5, failed: ['a › one'], isBroken: true, missing: [] },
		]);
	});

	test('that are not complete can be left out, with all their results', () => {
		const took = { what: 'TIME-WAIT', seconds: 61, quiet: 60, scenario: 'one', engine: 'docker', kernel: '6.18.44' };
		const input = {
			specs: [a, b],
			results: [
				{ ...found(row()), measures: [took] },
				{ ...found(row({ engine: 'vm', kernel: '6.1' })), runs: [ran()] },
				{ ...found(), runs: [ran({ spec: b })] },
			],
			troubles: [
				{ what: 'docker went away', environment: { engine: 'docker', kernel: '6.18.44' } },
				{ what: 'folder x is empty' },
			],
		};
		expect(matrixOf(input).columns).toHaveLength(2);
		expect(matrixOf(onlyWhole(input))).toMatchObject({
			columns: [{ engine: 'vm', count: { holds: 1 }, passed: 6, missing: [] }],
			durations: [],
			troubles: ['folder x is empty'],
		});
	});

	test('without results have an empty column if their environment is known, and are listed', () => {
		const matrix = madeOf(
			[found(row())],
			[{ what: 'vm 7.2 did not boot', environment: { engine: 'vm', kernel: '7.2.12' } }, { what: 'folder x is empty' }],
		);
		expect(matrix.columns.map(({ engine, isBroken }) => [engine, isBroken])).toEqual([
			['docker', false],
			['vm', true],
		]);
		expect(troubleSentences(matrix)).toEqual(['vm 7.2 did not boot', 'folder x is empty']);
		expect(isSound(matrix)).toBe(false);
	});
});

describe('a known change that explains no difference', () => {
	const change: Change = { name: 'a sysctl', since: '6.5', commit: '', effect: '', claims: ['PZ8'], durations: [] };
	const on = (...kernels: string[]) =>
		matrixOf({ specs: [], results: [found(...kernels.map((kernel) => row({ kernel })))], troubles: [] }, [change]);

	test('makes the matrix unsound if there are columns before and after it', () => {
		expect(isSound(on('6.1', '6.12'))).toBe(false);
	});

	test('is ignored otherwise', () => {
		expect(isSound(on('6.12', '7.2'))).toBe(true);
		expect(isSound(on('6.1'))).toBe(true);
	});
});

test(
	'for any input, there is one column per environment, with the same counts as other tables, and each verdict is ' +
		'in its cell',
	() => {
		fc.assert(
			fc.property(anyInput, (input) => {
				const { results, troubles } = input;
				const matrix = matrixOf(input);
				const given = results.flatMap(({ verdicts }) => verdicts).filter(({ id }) => isClaimId(id));
				const environments = [
					...given,
					...results.flatMap(({ measures, runs }) => [...measures, ...runs]),
					...troubles.flatMap(({ environment }) => environment ?? []),
				];
				const keys = matrix.columns.map(({ engine, kernel }) => JSON.stringify([engine, kernel]));
				expect([...keys].sort()).toEqual(
					[...new Set(environments.map(({ engine, kernel }) => JSON.stringify([engine, kernel])))].sort(),
				);
				for (const [index, { engine, kernel, count }] of matrix.columns.entries()) {
					const here = given.filter((one) => one.engine === engine && one.kernel === kernel);
					expect(count).toEqual(countClaims(here));
					const cells = rowsOf(matrix).map(({ cells }) => cells[index]?.verdict);
					const counted = (...verdicts: string[]) =>
						cells.filter((verdict) => verdict !== undefined && verdicts.includes(verdict)).length;
					expect({
						holds: counted('holds'),
						differs: counted('differs', 'divided'),
						notCovered: counted('not covered'),
					}).toEqual(count);
					const judged = rowsOf(matrix).flatMap(
						(each) => each.cells[index]?.judgements.map((judgement) => ({ ...judgement, id: each.id })) ?? [],
					);
					const identities = (rows: readonly Pick<VerdictRow, 'id' | 'verdict' | 'spec' | 'scenario'>[]) =>
						rows.map(({ id, verdict, spec, scenario }) => JSON.stringify([id, verdict, spec, scenario])).sort();
					expect(identities(judged)).toEqual([...new Set(identities(here))]);
				}
			}),
		);
	},
);

test('the order of the folders affects only the notes of claims', () => {
	const withoutNotes = (matrix: Matrix) => [
		matrix.columns,
		matrix.unknown,
		rowsOf(matrix).map(({ id, differs, cells }) => [
			id,
			differs,
			cells.map(({ judgements }) => judgements.map(({ verdict, spec, scenario }) => [verdict, spec, scenario])),
		]),
	];
	const inOrder = (results: readonly Results[]) =>
		withoutNotes(madeOf(results.map(({ verdicts }) => found(...verdicts))));
	fc.assert(fc.property(anyInput, ({ results }) => expect(inOrder(results.toReversed())).toEqual(inOrder(results))));
});
