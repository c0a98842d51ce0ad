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

/** The input of a matrix. */
export interface MatrixInput {
	/** All spec files, relative to the project's root. */
	readonly specs: readonly string[];
	/** The results of each folder of reports. */
	readonly results: readonly Results[];
	readonly troubles: readonly Trouble[];
}

/** The claims of the catalogue and all durations, with the results on each engine and kernel. */
export interface Matrix {
	/** The number of spec files. */
	readonly specs: number;
	readonly columns: readonly Column[];
	/** In the catalogue's order. */
	readonly groups: readonly ClaimGroup[];
	/** Sorted by name. */
	readonly durations: readonly Duration[];
	/** The ids of verdicts that are left out because they are not in the catalogue. */
	readonly unknown: readonly string[];
	/** The spec files that ran, but no longer exist. */
	readonly gone: readonly string[];
	/** What is missing, and why. Without the failed scenarios and missing specs, which the columns have. */
	readonly troubles: readonly string[];
}

/**
 * Returns the matrix of several checkouts or machines. If they have verdicts of the same scenario on the same engine
 * and kernel, the note of the last one is kept; if the verdicts differ, both are kept, and the cell is divided. Of the
 * same duration, the last one is kept. Of the same spec, every failure is kept.
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

/** Returns the input without the environments in which not all specs ran completely. */
export function onlyWhole({ specs, results, troubles }: MatrixInput): MatrixInput {
	const all = mergeSpecRuns(results.flatMap(({ runs }) => runs));
	const isWhole = (environment: Environment) => missingSpecs(specs, all, environment).length === 0;
	return {
		specs,
		results: results.map(({ verdicts, measures, runs }) => ({
			verdicts: verdicts.filter(isWhole),
			measures: measures.filter(isWhole),
			runs: runs.filter(isWhole),
		})),
		troubles: troubles.filter(({ environment }) => environment === undefined || isWhole(environment)),
	};
}

/** Returns the claims of all groups. */
export function rowsOf({ groups }: Matrix): ClaimRow[] {
	return groups.flatMap(({ rows }) => rows);
}

/** Returns everything that is compared: claims, then durations. */
export function comparisonsOf(matrix: Matrix): (ClaimRow | Duration)[] {
	return [...rowsOf(matrix), ...matrix.durations];
}

/**
 * Returns whether no run failed or is missing, every difference is explained, and every explanation is needed. A column
 * in part is sound: if all specs were requested, there is a trouble in addition.
 */
export function isSound(matrix: Matrix): boolean {
	return (
		matrix.troubles.length === 0 &&
		!matrix.columns.some(({ isBroken }) => isBroken) &&
		!comparisonsOf(matrix).some(({ unexplained, idle }) => unexplained || idle.length > 0)
	);
}
