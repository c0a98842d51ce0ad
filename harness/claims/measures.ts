import { HalfopenError } from '../errors.ts';
import type { TimelineFile } from '../timeline/timeline-file.ts';
import { compareText, type Environment } from './environment.ts';

/** How long something took on one engine and kernel. */
export interface MeasureRow extends Environment {
	readonly what: string;
	readonly seconds: number;
	/**
	 * The longest time in the scenario's whole timeline in which nothing happened, or `seconds` if that is less: taken
	 * for its longest timer.
	 */
	readonly quiet: number;
	readonly scenario: string;
}

/** The rows that a scenario's timeline contributes: none if it failed. */
export function measuresOf(timeline: TimelineFile): MeasureRow[] {
	const { measures = [], scenario, engine, kernel, outcome } = timeline;
	if (outcome === 'failed' || measures.length === 0) return [];
	const longest = longestQuiet(timeline);
	return measures.map(({ what, seconds }) => ({
		what,
		seconds,
		quiet: Math.min(seconds, longest),
		scenario,
		engine,
		kernel: kernel.release,
	}));
}

/**
 * Between two things that happened one after the other, on either host, in seconds. Looks at sockets are the
 * observer's, and as frequent as it likes.
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

/** Of rows of the same duration on the same engine and kernel the last; sorted by what they are. */
export function mergeMeasures(rows: readonly MeasureRow[]): MeasureRow[] {
	const keyOf = ({ what, engine, kernel }: MeasureRow) => JSON.stringify([what, engine, kernel]);
	return [...new Map(rows.map((row) => [keyOf(row), row])).values()].sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

/** NAME_TAKEN where two scenarios of a run measured the same. */
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
