import type { MeasureRow } from '../../claims/measures.ts';
import type { Place } from '../../claims/table.ts';
import type { Change } from './changes.ts';
import { isAt } from './columns.ts';
import { type Comparison, compare } from './comparison.ts';
import { groupBy } from './groups.ts';
import { spreadOf } from './wheel.ts';

/** How long one thing took. */
export interface Duration extends Comparison {
	readonly what: string;
	/** Seconds, one for each column; undefined where it was not measured. */
	readonly cells: readonly (number | undefined)[];
	/** So far apart, in seconds, the same on every kernel may lie. */
	readonly allowed: number;
}

/** What lies no further apart is the same, whatever the timers: seconds, and as a part of the longest. */
const LEAST_SECONDS = 1;
const LEAST_PART = 0.01;

/** All that was measured, in the order in which it came. */
export function durationsOf(rows: readonly MeasureRow[], columns: readonly Place[], changes: readonly Change[]): Duration[] {
	return groupBy(rows, ({ what }) => what).map((same) => {
		const [{ what }] = same;
		const allowed = Math.max(
			LEAST_SECONDS,
			LEAST_PART * Math.max(...same.map(({ seconds }) => seconds)),
			spreadOf(Math.max(...same.map(({ quiet }) => quiet))),
		);
		const comparison = compare(
			same.map(({ kernel, seconds }) => ({ kernel, value: seconds })),
			(values) => values.length === 0 || Math.max(...values) - Math.min(...values) <= allowed,
			changes.filter(({ durations }) => durations.includes(what)),
		);
		return { what, cells: columns.map((column) => same.find((row) => isAt(column, row))?.seconds), allowed, ...comparison };
	});
}

/** Whether it was measured in more than one column; else there is nothing to compare. */
export function isCompared({ cells }: Duration): boolean {
	return cells.filter((seconds) => seconds !== undefined).length > 1;
}
