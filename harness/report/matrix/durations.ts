import type { Environment } from '../../claims/environment.ts';
import type { MeasureRow } from '../../claims/measures.ts';
import type { Change } from './changes.ts';
import { isIn } from './columns.ts';
import { type Comparison, compare } from './comparison.ts';
import { groupBy } from './groups.ts';
import { HZ_OF_ANY, HZ_OF_DEBIAN, spreadOf } from './timer-wheel.ts';

/** One duration in all columns. */
export interface Duration extends Comparison {
	readonly what: string;
	/** In seconds, one per column. Undefined if it was not measured there. */
	readonly cells: readonly (number | undefined)[];
}

/** Durations whose difference is at most this many seconds count as equal, whatever the timers are. */
const LEAST_SECONDS = 1;
/** The engine whose kernels are assumed to be Debian's. */
const GUESTS = 'vm';

/** Returns all durations, in the order of their first rows. */
export function durationsOf(
	rows: readonly MeasureRow[],
	columns: readonly Environment[],
	changes: readonly Change[],
): Duration[] {
	return groupBy(rows, ({ what }) => what).map((same) => {
		const [{ what }] = same;
		const longest = Math.max(...same.map(({ quiet }) => quiet));
		const areWithin = (found: readonly MeasureRow[], ticks: readonly number[]) => {
			const seconds = found.map((row) => row.seconds);
			return Math.max(...seconds) - Math.min(...seconds) <= Math.max(LEAST_SECONDS, spreadOf(longest, ticks));
		};
		const inGuests = ({ engine }: MeasureRow) => engine === GUESTS;
		const comparison = compare(
			same.map((row) => ({ kernel: row.kernel, value: row })),
			// HZ is unknown for kernels that are not in guests.
			(found) => areWithin(found.filter(inGuests), HZ_OF_DEBIAN) && areWithin(found, HZ_OF_ANY),
			changes.filter(({ durations }) => durations.includes(what)),
		);
		return { what, cells: columns.map((column) => same.find((row) => isIn(column, row))?.seconds), ...comparison };
	});
}

/** Returns whether it was measured in more than one column. Otherwise there is nothing to compare. */
export function isCompared({ cells }: Duration): boolean {
	return cells.filter((seconds) => seconds !== undefined).length > 1;
}
