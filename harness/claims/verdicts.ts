import type { TimelineFile, Verdict } from '../timeline/timeline-file.ts';
import { CLAIMS } from './catalogue.ts';
import { compareText, type Environment, environmentOf } from './environment.ts';

/** The verdict of one scenario on one claim, on one engine and kernel. */
export interface VerdictRow extends Environment {
	readonly id: string;
	readonly verdict: Verdict['verdict'];
	/** The spec file, relative to the project. Scenarios of two spec files may have the same title. */
	readonly spec: string;
	readonly scenario: string;
	readonly note: string;
}

/**
 * Returns the verdicts of a scenario's timeline as rows. A failed scenario has none, because its recording is not the
 * one that the scenario was written for.
 */
export function verdictsOf(timeline: TimelineFile): VerdictRow[] {
	const { verdicts, spec, scenario, outcome } = timeline;
	if (outcome === 'failed') return [];
	return verdicts.map(({ id, verdict, note }) => ({
		id,
		verdict,
		spec,
		scenario,
		...environmentOf(timeline),
		note,
	}));
}

/**
 * Merges the rows of several runs: of rows that differ only in their notes, keeps the last. Sorts them in the
 * catalogue's order.
 */
export function mergeVerdicts(rows: readonly VerdictRow[]): VerdictRow[] {
	return [...new Map(rows.map((row) => [keyOf(row), row])).values()].sort(byCatalogue);
}

function keyOf({ id, scenario, spec, engine, kernel, verdict }: VerdictRow): string {
	return JSON.stringify([id, scenario, spec, engine, kernel, verdict]);
}

const RANKS = new Map(Object.keys(CLAIMS).map((id, rank) => [id, rank]));

/** Sorts ids that are not in the catalogue last. */
function byCatalogue(a: VerdictRow, b: VerdictRow): number {
	const ranks = (RANKS.get(a.id) ?? RANKS.size) - (RANKS.get(b.id) ?? RANKS.size);
	return ranks !== 0 ? ranks : compareText(keyOf(a), keyOf(b));
}

/** Numbers of claims in the catalogue. A claim on which scenarios disagree counts as one that differs. */
export interface ClaimCount {
	readonly holds: number;
	readonly differs: number;
	readonly notCovered: number;
}

/** Counts claims, not rows. */
export function countClaims(rows: readonly VerdictRow[]): ClaimCount {
	const known = rows.filter(({ id }) => RANKS.has(id));
	const covered = new Set(known.map(({ id }) => id));
	const differing = new Set(known.flatMap(({ id, verdict }) => (verdict === 'differs' ? [id] : [])));
	return { holds: covered.size - differing.size, differs: differing.size, notCovered: RANKS.size - covered.size };
}
