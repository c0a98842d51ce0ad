import { CLAIMS, type ClaimId, type Source } from '../../claims/catalogue.ts';
import type { Environment } from '../../claims/environment.ts';
import type { VerdictRow } from '../../claims/verdicts.ts';
import type { Change } from './changes.ts';
import { isIn } from './columns.ts';
import { type Comparison, compare } from './comparison.ts';
import { groupBy, runsOf } from './groups.ts';

/** Consecutive claims of the catalogue with the same source. A source may have more than one group. */
export interface ClaimGroup {
	readonly source: Source;
	readonly rows: readonly ClaimRow[];
}

/** One claim. It differs if its cells have different verdicts. Cells that are not covered do not count. */
export interface ClaimRow extends Comparison {
	readonly id: string;
	readonly text: string;
	/** One per column, in the same order. */
	readonly cells: readonly ClaimCell[];
	/** The notes of all judgements, without duplicates. */
	readonly notes: readonly Note[];
}

/** One claim in one column. */
export interface ClaimCell {
	/** `divided` if the claim holds according to some judgements, and differs according to others. */
	readonly verdict: VerdictRow['verdict'] | 'divided' | 'not covered';
	/** Those with the verdict `holds` come first. */
	readonly judgements: readonly Judgement[];
}

/** The verdict of one scenario, and the reason. */
export type Judgement = Pick<VerdictRow, 'verdict' | 'spec' | 'scenario' | 'note'>;

/** A judgement, and the indexes of all columns in which it was made. */
export interface Note extends Judgement {
	readonly columns: readonly number[];
}

/** Returns the whole catalogue in its order, with the verdicts on each claim in each column. */
export function groupsOf(
	rows: readonly VerdictRow[],
	columns: readonly Environment[],
	changes: readonly Change[],
): ClaimGroup[] {
	const byId = new Map(groupBy(rows, ({ id }) => id).map((same) => [same[0].id, same]));
	const claims = (Object.keys(CLAIMS) as ClaimId[]).map((id) => ({ ...CLAIMS[id], id }));
	return runsOf(claims, ({ source }) => source).map((group) => ({
		source: group[0].source,
		rows: group.map(({ id, text }) => {
			const judgements = columns.map((column) => (byId.get(id) ?? []).filter((row) => isIn(column, row)));
			const explaining = changes.filter((change) => change.claims.includes(id));
			return rowOf(id, text, judgements, columns, explaining);
		}),
	}));
}

/**
 * Returns the row of a claim, given the judgements in each column, and the changes that are supposed to explain its
 * differences.
 */
export function rowOf(
	id: string,
	text: string,
	judgements: readonly (readonly Judgement[])[],
	columns: readonly Environment[],
	changes: readonly Change[],
): ClaimRow {
	const cells = judgements.map(cellOf);
	const observed = columns.flatMap(({ kernel }, index) => {
		const verdict = cells[index]?.verdict;
		return verdict === undefined || verdict === 'not covered' ? [] : [{ kernel, value: verdict }];
	});
	return {
		id,
		text,
		cells,
		notes: notesOf(cells),
		...compare(observed, (verdicts) => new Set(verdicts).size < 2, changes),
	};
}

function cellOf(rows: readonly Judgement[]): ClaimCell {
	const judgements = rows.map(({ verdict, spec, scenario, note }) => ({ verdict, spec, scenario, note }));
	const [first, ...others] = new Set(judgements.map(({ verdict }) => verdict));
	return { verdict: first === undefined ? 'not covered' : others.length > 0 ? 'divided' : first, judgements };
}

function notesOf(cells: readonly ClaimCell[]): Note[] {
	const judgements = cells.flatMap((cell, column) => cell.judgements.map((judgement) => ({ ...judgement, column })));
	const keyOf = ({ verdict, spec, scenario, note }: Judgement) => JSON.stringify([verdict, spec, scenario, note]);
	return groupBy(judgements, keyOf).map((same) => {
		const [{ column: _, ...judgement }] = same;
		return { ...judgement, columns: same.map(({ column }) => column) };
	});
}
