import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CLAIMS, isClaimId } from '../../claims/catalogue.ts';
import { countClaims, type VerdictRow } from '../../claims/verdicts.ts';
import type { Results } from '../collect.ts';
import type { SpecRun } from '../spec-runs.ts';
import { headline, headOf, labelOf, troubleSentences } from './captions.ts';
import type { Change } from './changes.ts';
import type { ClaimRow } from './claims.ts';
import type { Column, Trouble } from './columns.ts';
import { anyGathered } from './fixtures/arbitrary.ts';
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
/** The matrix of what these folders have, in a project with these spec files. */
const madeOf = (results: readonly Results[], troubles: readonly Trouble[] = [], specs: readonly string[] = []) =>
	matrixOf({ specs, results, troubles });
const rowIn = (matrix: Matrix, id: string) => rowsOf(matrix).find((each) => each.id === id) as ClaimRow;
const labels = (matrix: Matrix, id: string) => rowIn(matrix, id).cells.map(labelOf);

describe('columns', () => {
	test('are ordered by engine, and kernels as versions are counted', () => {
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

	test('are those of verdicts on claims that the catalogue knows; the ids of others are told', () => {
		const matrix = madeOf([
			found(row({ id: 'XX2', kernel: '4.19' }), row()),
			found(row({ id: 'XX1' }), row({ id: 'XX2' })),
		]);
		expect(matrix.columns).toMatchObject([{ kernel: '6.18.44' }]);
		expect(matrix.unknown).toEqual(['XX1', 'XX2']);
	});
});

describe('rows', () => {
	test('are the whole catalogue in its order, neighbours of one source together', () => {
		const { groups } = madeOf([]);
		expect(groups.flatMap(({ rows }) => rows.map(({ id, text }) => [id, text]))).toEqual(
			Object.entries(CLAIMS).map(([id, { text }]) => [id, text]),
		);
		expect(groups.map(({ source }) => source)).toEqual(['PZ', 'HS', 'WF', 'HS', 'ST', 'QI', 'KH']);
	});

	test('differ where verdicts do, and not where one is missing', () => {
		const older = { kernel: '5.10' };
		const matrix = madeOf([
			found(row(), row({ id: 'PZ9', verdict: 'differs' }), row({ id: 'HS1' })),
			found(row({ ...older, verdict: 'differs' }), row({ ...older, id: 'PZ9', verdict: 'differs' })),
		]);
		expect(rowsOf(matrix).flatMap(({ id, differs }) => (differs ? [id] : []))).toEqual(['PZ8']);
		expect(labels(matrix, 'PZ8')).toEqual(['differs', 'holds']);
		expect(labels(matrix, 'HS1')).toEqual(['not covered', 'holds']);
		expect(headline(matrix)).toBe('1 of 95 claims differs between 2 columns, 1 of them unexplained');
		expect(headline(madeOf([found(row())]))).toBe('95 claims and one column: nothing to compare yet');
	});
});

describe('a cell', () => {
	test('says how many of several scenarios agree', () => {
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

	test('has the note of the last run where runs agree, and both verdicts where they do not', () => {
		expect(rowIn(madeOf([found(row()), found(row({ note: 'seen again' }))]), 'PZ8').cells).toEqual([
			{
				verdict: 'holds',
				judgements: [{ verdict: 'holds', spec: 'specs/power-off.spec.ts', scenario: 'power off', note: 'seen again' }],
			},
		]);
		expect(labels(madeOf([found(row()), found(row({ verdict: 'differs' }))]), 'PZ8')).toEqual(['differs (1 of 2)']);
	});
});

test('what is said in several columns is one note', () => {
	const { spec } = row();
	const matrix = madeOf([found(row(), row({ kernel: '6.1' }), row({ kernel: '6.2', note: 'otherwise' }))]);
	expect(rowIn(matrix, 'PZ8').notes).toEqual([
		{ verdict: 'holds', spec, scenario: 'power off', note: 'seen', columns: [0, 2] },
		{ verdict: 'holds', spec, scenario: 'power off', note: 'otherwise', columns: [1] },
	]);
});

test('two spec files may have a scenario of the same title: each has its verdict and its note', () => {
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
	expect(rowIn(agreeing, 'PZ8').notes).toHaveLength(2);
});

describe('runs', () => {
	const [a, b] = ['specs/a.spec.ts', 'specs/puzzlers/b.spec.ts'] as const;

	test('that failed are told by their column, and then the matrix is not sound', () => {
		const runs = [ran({ passed: ['three'], failed: ['one', 'two'] }), ran({ spec: b })];
		const matrix = madeOf([{ ...found(row()), runs }], [], [a, b]);
		expect(matrix.columns).toMatchObject([
			{ engine: 'docker', passed: 0, failed: [], isBroken: false },
			{ engine: 'vm', passed: 4, failed: ['a › one', 'a › two'], isBroken: true, missing: [] },
		]);
		expect(troubleSentences(matrix)).toContain('vm 6.1: 2 scenarios failed: a › one, a › two');
		expect(isSound(matrix)).toBe(false);
	});

	test('that left spec files out are told by their column, which shows a part', () => {
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

	test('of spec files that exist no more count for nothing, and are told', () => {
		const matrix = madeOf([{ ...found(), runs: [ran(), ran({ spec: b, failed: ['one'] })] }], [], [a]);
		expect(matrix.columns).toMatchObject([{ passed: 3, failed: [], isBroken: false, missing: [] }]);
		expect(troubleSentences(matrix)).toEqual([`Left out, because these spec files exist no more: ${b}`]);
	});

	test('of the same spec, engine and kernel: a failure in any of them stays, and parts make a whole', () => {
		const folders = [
			{ ...found(), runs: [ran({ passed: ['two'], failed: ['one'] })] },
			{ ...found(), runs: [ran(), ran({ spec: b })] },
		];
		expect(madeOf(folders, [], [a, b]).columns).toMatchObject([
			{ passed: 5, failed: ['a › one'], isBroken: true, missing: [] },
		]);
	});

	test('that are not whole can be left out, with all that they found', () => {
		const took = { what: 'TIME-WAIT', seconds: 61, quiet: 60, scenario: 'one', engine: 'docker', kernel: '6.18.44' };
		const gathered = {
			specs: [a, b],
			results: [
				{ ...found(row()), measures: [took] },
				{ ...found(row({ engine: 'vm', kernel: '6.1' })), runs: [ran()] },
				{ ...found(), runs: [ran({ spec: b })] },
			],
			troubles: [
				{ what: 'docker went away', place: { engine: 'docker', kernel: '6.18.44' } },
				{ what: 'folder x is empty' },
			],
		};
		expect(matrixOf(gathered).columns).toHaveLength(2);
		expect(matrixOf(onlyWhole(gathered))).toMatchObject({
			columns: [{ engine: 'vm', count: { holds: 1 }, passed: 6, missing: [] }],
			durations: [],
			troubles: ['folder x is empty'],
		});
	});

	test('that left nothing have an empty column where it is known which, and are told', () => {
		const matrix = madeOf(
			[found(row())],
			[{ what: 'vm 7.2 did not boot', place: { engine: 'vm', kernel: '7.2.12' } }, { what: 'folder x is empty' }],
		);
		expect(matrix.columns.map(({ engine, isBroken }) => [engine, isBroken])).toEqual([
			['docker', false],
			['vm', true],
		]);
		expect(troubleSentences(matrix)).toEqual(['vm 7.2 did not boot', 'folder x is empty']);
		expect(isSound(matrix)).toBe(false);
	});
});

describe('a known change that explains nothing', () => {
	const change: Change = { name: 'a sysctl', since: '6.5', commit: '', effect: '', claims: ['PZ8'], durations: [] };
	const on = (...kernels: string[]) =>
		matrixOf({ specs: [], results: [found(...kernels.map((kernel) => row({ kernel })))], troubles: [] }, [change]);

	test('is a fault where kernels before it and since are among the columns', () => {
		expect(isSound(on('6.1', '6.12'))).toBe(false);
	});

	test('is none where they are not', () => {
		expect(isSound(on('6.12', '7.2'))).toBe(true);
		expect(isSound(on('6.1'))).toBe(true);
	});
});

test(
	'whatever the rows are: each column is once there and counts as all tables do, no verdict is lost, and none is ' +
		'of another cell',
	() => {
		fc.assert(
			fc.property(anyGathered, (gathered) => {
				const { results, troubles } = gathered;
				const matrix = matrixOf(gathered);
				const given = results.flatMap(({ verdicts }) => verdicts).filter(({ id }) => isClaimId(id));
				const places = [
					...given,
					...results.flatMap(({ measures, runs }) => [...measures, ...runs]),
					...troubles.flatMap(({ place }) => place ?? []),
				];
				const keys = matrix.columns.map(({ engine, kernel }) => JSON.stringify([engine, kernel]));
				expect([...keys].sort()).toEqual(
					[...new Set(places.map(({ engine, kernel }) => JSON.stringify([engine, kernel])))].sort(),
				);
				for (const [place, { engine, kernel, count }] of matrix.columns.entries()) {
					const here = given.filter((one) => one.engine === engine && one.kernel === kernel);
					expect(count).toEqual(countClaims(here));
					const cells = rowsOf(matrix).map(({ cells }) => cells[place]?.verdict);
					const counted = (...verdicts: string[]) =>
						cells.filter((verdict) => verdict !== undefined && verdicts.includes(verdict)).length;
					expect({
						holds: counted('holds'),
						differs: counted('differs', 'divided'),
						notCovered: counted('not covered'),
					}).toEqual(count);
					const told = rowsOf(matrix).flatMap(
						(each) => each.cells[place]?.judgements.map((judgement) => ({ ...judgement, id: each.id })) ?? [],
					);
					const identities = (judged: readonly Pick<VerdictRow, 'id' | 'verdict' | 'spec' | 'scenario'>[]) =>
						judged.map(({ id, verdict, spec, scenario }) => JSON.stringify([id, verdict, spec, scenario])).sort();
					expect(identities(told)).toEqual([...new Set(identities(here))]);
				}
			}),
		);
	},
);

test('the order of the folders decides notes, and nothing else of claims', () => {
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
	fc.assert(fc.property(anyGathered, ({ results }) => expect(inOrder(results.toReversed())).toEqual(inOrder(results))));
});
