/**
 * How late the kernel's timers are (kernel/time/timer.c, since 4.8): they are not sorted but put into the slots of a wheel of several levels, and the longer
 * a timer is, the wider are the slots of its level, each eight times as wide as those below. A timer ends where its slot does, so how late that is depends
 * on when it began.
 */

/** Ticks in a second: what Debian's kernels are built with. */
const HZ = 250;
/** Ticks from which on the second level is used, and how much longer and wider each further one is. */
const SECOND_LEVEL = 63;
const WIDER = 8;
const LEVELS = 9;

/** How wide the slot of a timer of so many seconds is, in seconds. */
export function slotOf(seconds: number): number {
	let level = 0;
	while (level < LEVELS - 1 && seconds * HZ >= SECOND_LEVEL * WIDER ** level) level++;
	return WIDER ** level / HZ;
}

/**
 * How far apart two chains of the same timers may end, in seconds, that only began at another tick. The longest timer ends with its slot, and from there on
 * all that follow begin at the end of a slot; what came before it adds the slots of its own levels, an eighth in all at most of what is above them.
 */
export function spreadOf(longestTimer: number): number {
	return (slotOf(longestTimer) * WIDER) / (WIDER - 1);
}
