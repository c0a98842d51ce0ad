import { CLAIMS, type ClaimId, isClaimId, type Source } from '../../claims/catalogue.ts';
import { type ClaimCount, countClaims, mergeVerdicts, type VerdictRow } from '../../claims/verdicts.ts';

/** The claims of the catalogue, and what was found about each on each engine and kernel. */
export interface Matrix {
	/** By engine, then by kernel release, as versions are counted: 6.2 before 6.12. */
	readonly columns: readonly Column[];
	/** In the catalogue's order. */
	readonly groups: readonly Group[];
	/** The ids of verdicts that are shown nowhere, because the catalogue does not know them. */
	readonly unknown: readonly string[];
}

/** One engine on one kernel. */
export interface Column {
	readonly engine: string;
	/** The kernel's release. */
	readonly kernel: string;
	/** What came out in it; a claim on which its judgements are divided counts as one that differs. */
	readonly count: ClaimCount;
}

/** Claims that stand together in the catalogue and come from one source. A source may have more than one group. */
export interface Group {
	readonly source: Source;
	readonly rows: readonly Row[];
}

/** One claim. */
export interface Row {
	readonly id: string;
	readonly text: string;
	/** One for each column, in their order. */
	readonly cells: readonly Cell[];
	/** Whether the cells do not all say the same; one that is not covered says nothing. */
	readonly differs: boolean;
	/** What was said for the verdicts, each thing once. */
	readonly notes: readonly Note[];
}

/** One claim in one column. */
export interface Cell {
	/** `divided` where some judgements are that the claim holds, and others that it differs. */
	readonly verdict: VerdictRow['verdict'] | 'divided' | 'not covered';
	/** Those that hold first. */
	readonly judgements: readonly Judgement[];
}

/** What a scenario found, and why. */
export type Judgement = Pick<VerdictRow, 'verdict' | 'scenario' | 'note'>;

/** A judgement, and the places of all columns in which it was made. */
export interface Note extends Judgement {
	readonly columns: readonly number[];
}

/**
 * The matrix of several runs, each the rows of one `claims.json`. Where runs have a verdict of the same scenario on the same engine and
 * kernel, the note of the last of them stands; but if their verdicts are not the same, both stand, and the cell is divided.
 */
export function matrixOf(runs: readonly (readonly VerdictRow[])[]): Matrix {
	const given = runs.flat();
	const rows = (['holds', 'differs'] as const).flatMap((verdict) =>
		mergeVerdicts(
			[],
			given.filter((row) => row.verdict === verdict && isClaimId(row.id)),
		),
	);
	const columns = inOrder(groupBy(rows, ({ engine, kernel }) => JSON.stringify([engine, kernel])));
	const byClaim = columns.map((column) => new Map(groupBy(column, ({ id }) => id).map((cell) => [cell[0].id, cell])));
	const claims = (Object.keys(CLAIMS) as ClaimId[]).map((id) => ({ ...CLAIMS[id], id }));
	return {
		columns: columns.map((column) => ({ engine: column[0].engine, kernel: column[0].kernel, count: countClaims(column) })),
		groups: runsOf(claims, ({ source }) => source).map((group) => ({
			source: group[0].source,
			rows: group.map(({ id, text }) =>
				rowOf(
					id,
					text,
					byClaim.map((cells) => cells.get(id) ?? []),
				),
			),
		})),
		unknown: [...new Set(given.flatMap(({ id }) => (isClaimId(id) ? [] : [id])))].sort(),
	};
}

/** The row of a claim, from what was judged in each column. */
export function rowOf(id: string, text: string, judgements: readonly (readonly Judgement[])[]): Row {
	const cells = judgements.map(cellOf);
	const said = new Set(cells.flatMap(({ verdict }) => (verdict === 'not covered' ? [] : [verdict])));
	return { id, text, cells, differs: said.size > 1, notes: notesOf(cells) };
}

function cellOf(rows: readonly Judgement[]): Cell {
	const judgements = rows.map(({ verdict, scenario, note }) => ({ verdict, scenario, note }));
	const [first, ...others] = new Set(judgements.map(({ verdict }) => verdict));
	return { verdict: first === undefined ? 'not covered' : others.length > 0 ? 'divided' : first, judgements };
}

function notesOf(cells: readonly Cell[]): Note[] {
	const judgements = cells.flatMap((cell, column) => cell.judgements.map((judgement) => ({ ...judgement, column })));
	return groupBy(judgements, ({ verdict, scenario, note }) => JSON.stringify([verdict, scenario, note])).map((same) => {
		const [{ verdict, scenario, note }] = same;
		return { verdict, scenario, note, columns: same.map(({ column }) => column) };
	});
}

/** All claims, whatever group they are in. */
export function rowsOf({ groups }: Matrix): Row[] {
	return groups.flatMap(({ rows }) => rows);
}

type Some<T> = [T, ...T[]];

/** The values of each key, in the order in which the keys came. */
function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Some<T>[] {
	const groups = new Map<string, Some<T>>();
	for (const value of values) {
		const group = groups.get(keyOf(value));
		if (group) group.push(value);
		else groups.set(keyOf(value), [value]);
	}
	return [...groups.values()];
}

/** Neighbours that have the same key, together. */
function runsOf<T>(values: readonly T[], keyOf: (value: T) => string): Some<T>[] {
	const runs: Some<T>[] = [];
	for (const value of values) {
		const last = runs.at(-1);
		if (last && keyOf(last[0]) === keyOf(value)) last.push(value);
		else runs.push([value]);
	}
	return runs;
}

const { compare: compareVersions } = new Intl.Collator('en', { numeric: true });

function inOrder(columns: readonly Some<VerdictRow>[]): Some<VerdictRow>[] {
	return [...columns].sort(([a], [b]) => compareText(a.engine, b.engine) || compareVersions(a.kernel, b.kernel) || compareText(a.kernel, b.kernel));
}

function compareText(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
