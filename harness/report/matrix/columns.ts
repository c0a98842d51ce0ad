import { isClaimId } from '../../claims/catalogue.ts';
import { compareText, type Environment } from '../../claims/environment.ts';
import { type ClaimCount, countClaims } from '../../claims/verdicts.ts';
import { compareVersions } from '../../util/versions.ts';
import { specName } from '../artifacts.ts';
import type { Results } from '../collect.ts';
import type { SpecRun } from '../spec-runs.ts';
import { groupBy } from './groups.ts';

/** One engine on one kernel. */
export interface Column extends Environment {
	/** The numbers of claims by verdict. A claim with divided judgements counts as one that differs. */
	readonly count: ClaimCount;
	/** The number of scenarios that passed. */
	readonly passed: number;
	/** The names of those that failed. */
	readonly failed: readonly string[];
	/** Its run failed, so that missing results have no meaning. */
	readonly isBroken: boolean;
	/** The names of the spec files that did not run completely. If there are any, the column is in part. */
	readonly missing: readonly string[];
}

/** A problem because of which results are missing. */
export interface Trouble {
	/** As a sentence without a full stop. */
	readonly what: string;
	/** Where it happened, if that is known. */
	readonly environment?: Environment;
}

/** Returns `docker 6.18.44`. */
export function nameOf({ engine, kernel }: Environment): string {
	return `${engine} ${kernel}`;
}

/** Returns whether a result belongs to a column. */
export function isIn(column: Environment, { engine, kernel }: Environment): boolean {
	return column.engine === engine && column.kernel === kernel;
}

/** Returns the spec files that did not run in this environment, or not with all their scenarios. */
export function missingSpecs(specs: readonly string[], runs: readonly SpecRun[], environment: Environment): string[] {
	const whole = new Set(runs.flatMap((run) => (isIn(environment, run) && run.pending.length === 0 ? [run.spec] : [])));
	return specs.filter((spec) => !whole.has(spec));
}

/**
 * Returns a column for each environment with results or troubles, sorted by engine, then by kernel version: 6.2 before
 * 6.12. A complete column has runs of all these spec files. Runs of other spec files do not count, because these files
 * no longer exist.
 */
export function columnsOf(
	{ verdicts, measures, runs }: Results,
	troubles: readonly Trouble[],
	specs: readonly string[],
): Column[] {
	const known = verdicts.filter(({ id }) => isClaimId(id));
	const environments = [...known, ...measures, ...runs, ...troubles.flatMap(({ environment }) => environment ?? [])];
	return groupBy(environments, ({ engine, kernel }) => JSON.stringify([engine, kernel]))
		.map(([{ engine, kernel }]) => ({ engine, kernel }))
		.sort(
			(a, b) =>
				compareText(a.engine, b.engine) || compareVersions(a.kernel, b.kernel) || compareText(a.kernel, b.kernel),
		)
		.map((environment) => {
			const isHere = (result: Environment) => isIn(environment, result);
			const here = runs.filter((run) => isHere(run) && specs.includes(run.spec));
			const failed = here.flatMap((run) => run.failed.map((scenario) => `${specName(run.spec)} › ${scenario}`));
			return {
				...environment,
				count: countClaims(known.filter(isHere)),
				passed: here.reduce((sum, run) => sum + run.passed.length, 0),
				failed,
				isBroken: failed.length > 0 || troubles.some((trouble) => trouble.environment && isHere(trouble.environment)),
				missing: missingSpecs(specs, here, environment).map(specName),
			};
		});
}
