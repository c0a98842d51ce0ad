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
	/** What came out in it; a claim on which its judgements are divided counts as one that differs. */
	readonly count: ClaimCount;
	/** How many scenarios passed. */
	readonly passed: number;
	/** Those that did not, by name. */
	readonly failed: readonly string[];
	/** Its run went wrong, so that what is missing in it means nothing. */
	readonly isBroken: boolean;
	/** The spec files that did not run in it, or not with all their scenarios, by name: it shows a part. */
	readonly missing: readonly string[];
}

/** Something that went wrong, so that what is shown is not all. */
export interface Trouble {
	/** As a sentence without a full stop. */
	readonly what: string;
	/** Where, if that is known. */
	readonly place?: Environment;
}

/** `docker 6.18.44`. */
export function nameOf({ engine, kernel }: Environment): string {
	return `${engine} ${kernel}`;
}

/** Whether something was found there. */
export function isAt(column: Environment, { engine, kernel }: Environment): boolean {
	return column.engine === engine && column.kernel === kernel;
}

/** Those of all spec files that did not run there, or not with all their scenarios. */
export function missingSpecs(specs: readonly string[], runs: readonly SpecRun[], place: Environment): string[] {
	const whole = new Set(runs.flatMap((run) => (isAt(place, run) && run.pending.length === 0 ? [run.spec] : [])));
	return specs.filter((spec) => !whole.has(spec));
}

/**
 * A column for each place that has results or trouble: by engine, then by kernel release, as versions are counted: 6.2
 * before 6.12. All of these spec files belong into each of them; runs of others are of files that exist no more, and
 * count for nothing.
 */
export function columnsOf(
	{ verdicts, measures, runs }: Results,
	troubles: readonly Trouble[],
	specs: readonly string[],
): Column[] {
	const known = verdicts.filter(({ id }) => isClaimId(id));
	const places = [...known, ...measures, ...runs, ...troubles.flatMap(({ place }) => place ?? [])];
	return groupBy(places, ({ engine, kernel }) => JSON.stringify([engine, kernel]))
		.map(([{ engine, kernel }]) => ({ engine, kernel }))
		.sort(
			(a, b) =>
				compareText(a.engine, b.engine) || compareVersions(a.kernel, b.kernel) || compareText(a.kernel, b.kernel),
		)
		.map((place) => {
			const here = runs.filter((run) => isAt(place, run) && specs.includes(run.spec));
			const failed = here.flatMap((run) => run.failed.map((scenario) => `${specName(run.spec)} › ${scenario}`));
			return {
				...place,
				count: countClaims(known.filter((row) => isAt(place, row))),
				passed: here.reduce((sum, run) => sum + run.passed.length, 0),
				failed,
				isBroken:
					failed.length > 0 || troubles.some((trouble) => trouble.place !== undefined && isAt(place, trouble.place)),
				missing: missingSpecs(specs, here, place).map(specName),
			};
		});
}
