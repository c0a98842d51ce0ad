import type { LiveWait } from './running-scenarios.ts';

/** A wait is printed when it has lasted this long, twice as long, four times as long, … */
const FIRST_MS = 10_000;

/** Chooses which waits to print: few lines for a long wait, none for a short one. */
export class OverdueWaits {
	/** The number of times that each wait was printed. */
	#notices = new Map<string, number>();

	/** Returns the waits to print now. */
	due(waits: readonly LiveWait[]): LiveWait[] {
		const times = new Map(waits.map((wait) => [wait.key, timesUntil(wait.shownMs)]));
		const due = waits.filter(({ key }) => (times.get(key) ?? 0) > (this.#notices.get(key) ?? 0));
		// Waits that are over are dropped.
		this.#notices = times;
		return due;
	}
}

function timesUntil(shownMs: number): number {
	return shownMs < FIRST_MS ? 0 : 1 + Math.floor(Math.log2(shownMs / FIRST_MS));
}
