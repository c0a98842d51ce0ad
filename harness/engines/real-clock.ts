import { setTimeout as wait } from 'node:timers/promises';
import type { LabClock } from './engine.ts';

/** Time as the machine keeps it, for engines whose hosts share its kernel. */
export const realClock: LabClock = {
	source: 'the wall clock of the machine',
	now: () => wallClockMs() / 1_000,
	sleep: async (milliseconds, signal) => {
		await wait(milliseconds, undefined, { signal }).catch(() => {});
	},
};

let ahead = Number.NEGATIVE_INFINITY;

/**
 * The wall clock, finer than the whole milliseconds of Date.now(): what a spec does must not seem to come before what the kernel did just
 * then. The difference of the two clocks is largest where a millisecond has just begun. A clock that was set is followed.
 */
function wallClockMs(): number {
	const [coarse, fine] = [Date.now(), performance.now()];
	ahead = Math.max(ahead, coarse - fine);
	const time = fine + ahead;
	if (time >= coarse && time < coarse + 1) return time;
	ahead = coarse - fine;
	return coarse;
}
