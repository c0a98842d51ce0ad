import { HalfopenError } from '../errors.ts';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import { compareText, type Environment, environmentOf } from './environment.ts';

/** A measured duration on one engine and kernel. */
export interface MeasureRow extends Environment {
	readonly what: string;
	readonly seconds: number;
	/**
	 * An estimate of the scenario's longest timer: the longest time without an event in its whole timeline, but at most
	 * `seconds`.
	 */
	readonly quiet: number;
	readonly scenario: string;
}

/** Returns the durations of a scenario's timeline as rows. A failed scenario has none. */
export function measuresOf(timeline: TimelineFile): MeasureRow[] {
	const { measures = [], scenario, outcome } = timeline;
	if (outcome === 'failed' || measures.length === 0) return [];
	const longest = longestQuiet(timeline);
	return measures.map(({ what, seconds }) => ({
		what,
		seconds,
		quiet: Math.min(seconds, longest),
		scenario,
		...environmentOf(timeline),
	}));
}

/**
 * Returns the longest time between two consecutive events on either host, in seconds. Samples of sockets do not count,
 * because their frequency is chosen by the probe. The end of a call counts.
 */
function longestQuiet({ events }: TimelineFile): number {
	const times = events
		.flatMap((event) =>
			event.kind === 'sockets' ? [] : event.kind === 'call' ? [event.t, event.t + (event.took ?? 0)] : [event.t],
		)
		.sort((a, b) => a - b);
	const longest = times.reduce((longest, t, index) => Math.max(longest, t - (times[index - 1] ?? t)), 0);
	return Number(longest.toFixed(6));
}

/** Keeps the last of all rows with the same duration, engine and kernel. Sorts them by these three. */
export function mergeMeasures(rows: readonly MeasureRow[]): MeasureRow[] {
	const keyOf = ({ what, engine, kernel }: MeasureRow) => JSON.stringify([what, engine, kernel]);
	return [...new Map(rows.map((row) => [keyOf(row), row])).values()].sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

/** Throws NAME_TAKEN if two scenarios of a run measured the same duration. */
export function assertDistinct(rows: readonly MeasureRow[]): void {
	const measured = new Map<string, string>();
	for (const { what, scenario } of rows) {
		const first = measured.get(what);
		measured.set(what, scenario);
		if (first === undefined) continue;
		throw new HalfopenError('NAME_TAKEN', {
			problem: `Two scenarios measured the duration “${what}”.`,
			seen: `${first}\n${scenario}`,
			remedy: 'Call measured() in one of them only, or give the two durations different names.',
		});
	}
}
