import { isClaimId } from '../../claims/catalogue.ts';
import type { Environment } from '../../claims/environment.ts';
import { mergeMeasures } from '../../claims/measures.ts';
import { mergeVerdicts } from '../../claims/verdicts.ts';
import type { Results } from '../collect.ts';
import { mergeSpecRuns } from '../spec-runs.ts';
import { CHANGES, type Change } from './changes.ts';
import { type ClaimGroup, type ClaimRow, groupsOf } from './claims.ts';
import { type Column, columnsOf, missingSpecs, type Trouble } from './columns.ts';
import { type Duration, durationsOf } from './durations.ts';

/** What a matrix is made of. */
export interface MatrixInput {
	/** All spec files that there are, from the project's root. */
	readonly specs: readonly string[];
	/** What each folder of reports has. */
	readonly results: readonly Results[];
	readonly troubles: readonly Trouble[];
}

/** The claims of the catalogue and all durations, and what was found about each on each engine and kernel. */
export interface Matrix {
	/** How many spec files there are. */
	readonly specs: number;
	readonly columns: readonly Column[];
	/** In the catalogue's order. */
	readonly groups: readonly ClaimGroup[];
	/** Sorted by what was measured. */
	readonly durations: readonly Duration[];
	/** The ids of verdicts that are shown nowhere, because the catalogue does not know them. */
	readonly unknown: readonly string[];
	/** The spec files that ran and exist no more. */
	readonly gone: readonly string[];
	/** What is missing, and why. What failed or did not run in a column is told by that. */
	readonly troubles: readonly string[];
}

/**
 * The matrix of several checkouts or machines. Where they have a verdict of the same scenario on the same engine and
 * kernel, the note of the last of them stands; but if their verdicts are not the same, both stand, and the cell is
 * divided. Of the same duration the last stands, and of the same spec every failure.
 */
export function matrixOf(
	{ specs, results: given, troubles }: MatrixInput,
	changes: readonly Change[] = CHANGES,
): Matrix {
	const all = given.flatMap(({ verdicts }) => verdicts);
	const known = mergeVerdicts(all.filter(({ id }) => isClaimId(id)));
	const results: Results = {
		verdicts: known.sort((a, b) => Number(a.verdict === 'differs') - Number(b.verdict === 'differs')),
		measures: mergeMeasures(given.flatMap(({ measures }) => measures)),
		runs: mergeSpecRuns(given.flatMap(({ runs }) => runs)),
	};
	const columns = columnsOf(results, troubles, specs);
	return {
		specs: specs.length,
		columns,
		groups: groupsOf(results.verdicts, columns, changes),
		durations: durationsOf(results.measures, columns, changes),
		unknown: [...new Set(all.flatMap(({ id }) => (isClaimId(id) ? [] : [id])))].sort(),
		gone: [...new Set(results.runs.flatMap(({ spec }) => (specs.includes(spec) ? [] : [spec])))],
		troubles: troubles.map(({ what }) => what),
	};
}

/** The same without the engines and kernels on which only a part of the specs ran. */
export function onlyWhole({ specs, results, troubles }: MatrixInput): MatrixInput {
	const all = mergeSpecRuns(results.flatMap(({ runs }) => runs));
	const isWhole = (place: Environment) => missingSpecs(specs, all, place).length === 0;
	return {
		specs,
		results: results.map(({ verdicts, measures, runs }) => ({
			verdicts: verdicts.filter(isWhole),
			measures: measures.filter(isWhole),
			runs: runs.filter(isWhole),
		})),
		troubles: troubles.filter(({ place }) => place === undefined || isWhole(place)),
	};
}

/** All claims, whatever group they are in. */
export function rowsOf({ groups }: Matrix): ClaimRow[] {
	return groups.flatMap(({ rows }) => rows);
}

/** All that is compared: claims, then durations. */
export function comparisonsOf(matrix: Matrix): (ClaimRow | Duration)[] {
	return [...rowsOf(matrix), ...matrix.durations];
}

/**
 * Whether every run that was to be there is and passed, all that differs is explained, and no explanation is for
 * nothing. A column that shows a part is sound: who asked for all specs has a trouble instead.
 */
export function isSound(matrix: Matrix): boolean {
	return (
		matrix.troubles.length === 0 &&
		!matrix.columns.some(({ isBroken }) => isBroken) &&
		!comparisonsOf(matrix).some(({ unexplained, idle }) => unexplained || idle.length > 0)
	);
}
