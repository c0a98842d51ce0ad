import { z } from 'zod';
import type { TimelineFile } from '../timeline/events.ts';
import { CLAIMS } from './catalogue.ts';
import { changeTable, compareText, parseTable, placeShape, type Ran, rowsOfOthers, type Table } from './table.ts';

const verdictRow = z.object({ id: z.string(), verdict: z.enum(['holds', 'differs']), scenario: z.string(), ...placeShape, note: z.string() });

/** A row of `reports/claims.json`: what one scenario found about one claim, on one engine and kernel. */
export type VerdictRow = z.infer<typeof verdictRow>;

export const VERDICTS: Table<VerdictRow> = { of: 'verdicts', row: verdictRow };

/** The rows that a scenario's timeline contributes: none if it failed, because then what it recorded is not what it was written for. */
export function verdictsOf({ verdicts, scenario, engine, kernel, outcome }: TimelineFile): VerdictRow[] {
	if (outcome === 'failed') return [];
	return verdicts.map(({ id, verdict, note }) => ({ id, verdict, scenario, engine, kernel: kernel.release, note }));
}

/** Rows of a run over rows of earlier ones: the same claim, scenario, engine and kernel is replaced, all else stays; in the catalogue's order. */
export function mergeVerdicts(earlier: readonly VerdictRow[], fresh: readonly VerdictRow[]): VerdictRow[] {
	const rows = new Map([...earlier, ...fresh].map((row) => [JSON.stringify([row.id, row.scenario, row.engine, row.kernel]), row]));
	return [...rows.values()].sort(byCatalogue);
}

const RANKS = new Map(Object.keys(CLAIMS).map((id, rank) => [id, rank]));

/** Ids that the catalogue does not know stand last. */
function byCatalogue(a: VerdictRow, b: VerdictRow): number {
	const ranks = (RANKS.get(a.id) ?? RANKS.size) - (RANKS.get(b.id) ?? RANKS.size);
	if (ranks !== 0) return ranks;
	const [one, other] = [a, b].map(({ id, scenario, engine, kernel }) => JSON.stringify([id, scenario, engine, kernel])) as [string, string];
	return compareText(one, other);
}

/** What a `claims.json` says; throws where it is no such file. */
export function parseVerdicts(text: string, path: string): VerdictRow[] {
	return parseTable(text, path, VERDICTS);
}

/** Puts the rows of the scenarios that ran in the place of their earlier ones in the file at `path`, and gives all rows that it has now. */
export function addVerdicts(path: string, fresh: readonly VerdictRow[], ran: readonly Ran[]): Promise<VerdictRow[]> {
	return changeTable(path, VERDICTS, (earlier) => mergeVerdicts(rowsOfOthers(earlier, ran), fresh));
}

/** What is known of the catalogue, in numbers of claims. A claim on which scenarios disagree counts as one that differs. */
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
