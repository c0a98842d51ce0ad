import type { TimelineFile, Verdict } from '../timeline/timeline-file.ts';
import { CLAIMS } from './catalogue.ts';
import { compareText, type Environment } from './environment.ts';

/** What one scenario found about one claim, on one engine and kernel. */
export interface VerdictRow extends Environment {
	readonly id: string;
	readonly verdict: Verdict['verdict'];
	readonly scenario: string;
	readonly note: string;
}

/**
 * The rows that a scenario's timeline contributes: none if it failed, because then what it recorded is not what it was
 * written for.
 */
export function verdictsOf({ verdicts, scenario, engine, kernel, outcome }: TimelineFile): VerdictRow[] {
	if (outcome === 'failed') return [];
	return verdicts.map(({ id, verdict, note }) => ({ id, verdict, scenario, engine, kernel: kernel.release, note }));
}

/** Of rows of the same claim, scenario, engine and kernel the last; in the catalogue's order. */
export function mergeVerdicts(rows: readonly VerdictRow[]): VerdictRow[] {
	return [
		...new Map(rows.map((row) => [JSON.stringify([row.id, row.scenario, row.engine, row.kernel]), row])).values(),
	].sort(byCatalogue);
}

const RANKS = new Map(Object.keys(CLAIMS).map((id, rank) => [id, rank]));

/** Ids that the catalogue does not know stand last. */
function byCatalogue(a: VerdictRow, b: VerdictRow): number {
	const ranks = (RANKS.get(a.id) ?? RANKS.size) - (RANKS.get(b.id) ?? RANKS.size);
	if (ranks !== 0) return ranks;
	const [one, other] = [a, b].map(({ id, scenario, engine, kernel }) =>
		JSON.stringify([id, scenario, engine, kernel]),
	) as [string, string];
	return compareText(one, other);
}

/**
 * What is known of the catalogue, in numbers of claims. A claim on which scenarios disagree counts as one that differs.
 */
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
