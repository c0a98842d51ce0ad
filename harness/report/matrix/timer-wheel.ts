/**
 * How late the kernel's timers are (kernel/time/timer.c, since 4.8): they are not sorted but put into the slots of a
 * wheel of several levels, and the longer a timer is, the wider are the slots of its level, each eight times as wide as
 * those below. A timer ends where its slot does, so how late that is depends on when it began.
 */

/** Ticks in a second of Debian's kernels. */
export const HZ_OF_DEBIAN = [250];
/** Ticks in a second that a kernel may be built with (kernel/Kconfig.hz). */
export const HZ_OF_ANY = [100, 250, 300, 1_000];

/** Ticks from which on the second level is used, and how much longer and wider each further one is. */
const SECOND_LEVEL = 63;
const WIDER = 8;
const LEVELS = 9;

/** How wide the slot of a timer of so many seconds is, in seconds, with so many ticks in each. */
export function slotOf(seconds: number, hz: number): number {
	let level = 0;
	while (level < LEVELS - 1 && seconds * hz >= SECOND_LEVEL * WIDER ** level) level++;
	return WIDER ** level / hz;
}

/**
 * How far apart two chains of the same timers may end, in seconds, that only began at another tick, on kernels with any
 * of these ticks. The longest timer ends with its slot, and from there on all that follow begin at the end of a slot;
 * what came before it adds the slots of its own levels, an eighth in all at most of what is above them.
 */
export function spreadOf(longestTimer: number, ticks: readonly number[]): number {
	return (Math.max(...ticks.map((hz) => slotOf(longestTimer, hz))) * WIDER) / (WIDER - 1);
}
