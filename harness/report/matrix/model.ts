import { isClaimId } from '../../claims/catalogue.ts';
import { mergeMeasures } from '../../claims/measures.ts';
import { mergeVerdicts } from '../../claims/verdicts.ts';
import type { Results } from '../results.ts';
import { mergeSpecRuns } from '../spec-runs.ts';
import { CHANGES, type Change } from './changes.ts';
import { type Group, groupsOf, type Row } from './claims.ts';
import { type Column, columnsOf, type Trouble } from './columns.ts';
import { type Duration, durationsOf } from './durations.ts';

/** The claims of the catalogue and all durations, and what was found about each on each engine and kernel. */
export interface Matrix {
	readonly columns: readonly Column[];
	/** In the catalogue's order. */
	readonly groups: readonly Group[];
	/** Sorted by what was measured. */
	readonly durations: readonly Duration[];
	/** The ids of verdicts that are shown nowhere, because the catalogue does not know them. */
	readonly unknown: readonly string[];
	/** What is missing, and why. Scenarios that failed are told by their column. */
	readonly troubles: readonly string[];
}

/**
 * The matrix of several checkouts or machines. Where they have a verdict of the same scenario on the same engine and kernel, the note of the last of them
 * stands; but if their verdicts are not the same, both stand, and the cell is divided. Of the same duration and spec the last stands.
 */
export function matrixOf(given: readonly Results[], troubles: readonly Trouble[] = [], changes: readonly Change[] = CHANGES): Matrix {
	const all = given.flatMap(({ verdicts }) => verdicts);
	const withVerdict = (verdict: 'holds' | 'differs') => all.filter((row) => row.verdict === verdict && isClaimId(row.id));
	const results: Results = {
		verdicts: [...mergeVerdicts([], withVerdict('holds')), ...mergeVerdicts([], withVerdict('differs'))],
		measures: given.reduce<Results['measures']>((earlier, { measures }) => mergeMeasures(earlier, measures), []),
		runs: given.reduce<Results['runs']>((earlier, { runs }) => mergeSpecRuns(earlier, runs), []),
	};
	const columns = columnsOf(results, troubles);
	return {
		columns,
		groups: groupsOf(results.verdicts, columns, changes),
		durations: durationsOf(results.measures, columns, changes),
		unknown: [...new Set(all.flatMap(({ id }) => (isClaimId(id) ? [] : [id])))].sort(),
		troubles: troubles.map(({ what }) => what),
	};
}

/** All claims, whatever group they are in. */
export function rowsOf({ groups }: Matrix): Row[] {
	return groups.flatMap(({ rows }) => rows);
}

/** All that is compared: claims, then durations. */
export function comparisonsOf(matrix: Matrix): (Row | Duration)[] {
	return [...rowsOf(matrix), ...matrix.durations];
}

/** Whether every run is there and passed, and all that differs is explained. */
export function isSound(matrix: Matrix): boolean {
	return (
		matrix.troubles.length === 0 && !matrix.columns.some(({ isBroken }) => isBroken) && !comparisonsOf(matrix).some(({ unexplained }) => unexplained)
	);
}
