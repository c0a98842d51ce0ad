import type { Environment } from '../../claims/environment.ts';
import type { MeasureRow } from '../../claims/measures.ts';
import type { Change } from './changes.ts';
import { isAt } from './columns.ts';
import { type Comparison, compare } from './comparison.ts';
import { groupBy } from './groups.ts';
import { HZ_OF_ANY, HZ_OF_DEBIAN, spreadOf } from './timer-wheel.ts';

/** How long one thing took. */
export interface Duration extends Comparison {
	readonly what: string;
	/** Seconds, one for each column; undefined where it was not measured. */
	readonly cells: readonly (number | undefined)[];
}

/** What lies no further apart is the same, whatever the timers: seconds. */
const LEAST_SECONDS = 1;
/** The engine whose kernels are taken for Debian's. */
const GUESTS = 'vm';

/** All that was measured, in the order in which it came. */
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
			// Nobody asked the kernels of machines how many ticks they have.
			(found) => areWithin(found.filter(inGuests), HZ_OF_DEBIAN) && areWithin(found, HZ_OF_ANY),
			changes.filter(({ durations }) => durations.includes(what)),
		);
		return { what, cells: columns.map((column) => same.find((row) => isAt(column, row))?.seconds), ...comparison };
	});
}

/** Whether it was measured in more than one column; else there is nothing to compare. */
export function isCompared({ cells }: Duration): boolean {
	return cells.filter((seconds) => seconds !== undefined).length > 1;
}
