import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import type { TimelineFile } from '../timeline/events.ts';
import { changeTable, compareText, parseTable, placeShape, type Ran, rowsOfOthers, type Table } from './table.ts';

const measureRow = z.object({
	what: z.string(),
	seconds: z.number(),
	/** The longest time in the scenario's whole timeline in which nothing happened, or `seconds` if that is less: taken for its longest timer. */
	quiet: z.number(),
	scenario: z.string(),
	...placeShape,
});

/**
 * A row of `reports/measures.json`: how long something took on one engine and kernel. A file of its own, because what reads verdicts would have to skip
 * durations row by row, and a `claims.json` of another checkout would be no table any more for one that knows verdicts only.
 */
export type MeasureRow = z.infer<typeof measureRow>;

export const MEASURES: Table<MeasureRow> = { of: 'durations', row: measureRow };

/** The rows that a scenario's timeline contributes: none if it failed. */
export function measuresOf(timeline: TimelineFile): MeasureRow[] {
	const { measures = [], scenario, engine, kernel, outcome } = timeline;
	if (outcome === 'failed' || measures.length === 0) return [];
	const longest = longestQuiet(timeline);
	return measures.map(({ what, seconds }) => ({ what, seconds, quiet: Math.min(seconds, longest), scenario, engine, kernel: kernel.release }));
}

/** Between two things that happened one after the other, on either host, in seconds. Looks at sockets are the observer's, and as frequent as it likes. */
function longestQuiet({ events }: TimelineFile): number {
	const times = events
		.flatMap((event) => (event.kind === 'sockets' ? [] : event.kind === 'call' ? [event.t, event.t + (event.took ?? 0)] : [event.t]))
		.sort((a, b) => a - b);
	const longest = times.reduce((longest, t, index) => Math.max(longest, t - (times[index - 1] ?? t)), 0);
	return Number(longest.toFixed(6));
}

/** Rows over earlier ones: the same duration on the same engine and kernel is replaced; sorted by what they are. */
export function mergeMeasures(earlier: readonly MeasureRow[], fresh: readonly MeasureRow[]): MeasureRow[] {
	const keyOf = ({ what, engine, kernel }: MeasureRow) => JSON.stringify([what, engine, kernel]);
	const rows = new Map([...earlier, ...fresh].map((row) => [keyOf(row), row]));
	return [...rows.values()].sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

/** What a `measures.json` says; throws where it is no such file. */
export function parseMeasures(text: string, path: string): MeasureRow[] {
	return parseTable(text, path, MEASURES);
}

/**
 * Puts the rows of the scenarios that ran in the place of their earlier ones in the file at `path`. Two scenarios of a run that measured the same are
 * BAD_ARGUMENT, and then nothing is added.
 */
export async function addMeasures(path: string, fresh: readonly MeasureRow[], ran: readonly Ran[]): Promise<void> {
	assertDistinct(fresh);
	await changeTable(path, MEASURES, (earlier) => mergeMeasures(rowsOfOthers(earlier, ran), fresh));
}

function assertDistinct(rows: readonly MeasureRow[]): void {
	const measured = new Map<string, string>();
	for (const { what, scenario } of rows) {
		const first = measured.get(what);
		measured.set(what, scenario);
		if (first === undefined) continue;
		throw new HalfopenError('BAD_ARGUMENT', {
			problem: `Two scenarios measured “${what}”, so that nobody knows which of them a reader would compare; this run's durations were not added.`,
			seen: `${first}\n${scenario}`,
			remedy: 'Let only one of them call measured(), or say in each name what makes the two differ.',
		});
	}
}
