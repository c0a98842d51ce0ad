/**
 * How late the kernel's timers expire (kernel/time/timer.c, since 4.8). The kernel does not sort timers. It puts them
 * into the slots of a wheel with several levels: the longer the timer, the higher the level. The slots of each level
 * are eight times as wide as those of the level below. A timer expires at the end of its slot, so its delay depends on
 * when it was started.
 */

/** HZ of Debian's kernels: ticks per second. */
export const HZ_OF_DEBIAN = [250];
/** All values of HZ that a kernel may be built with (kernel/Kconfig.hz). */
export const HZ_OF_ANY = [100, 250, 300, 1_000];

/** The shortest timer of the second level, in ticks. */
const SECOND_LEVEL = 63;
/** The factor between levels, for the length of timers and the width of slots. */
const WIDER = 8;
const LEVELS = 9;

/** Returns the width of the slot of a timer with this length, in seconds. */
export function slotOf(seconds: number, hz: number): number {
	let level = 0;
	while (level < LEVELS - 1 && seconds * hz >= SECOND_LEVEL * WIDER ** level) level++;
	return WIDER ** level / hz;
}

/**
 * Returns the largest difference between the ends of two equal sequences of timers that started at different ticks, in
 * seconds, on kernels with any of these values of HZ. The longest timer expires at the end of its slot, so all later
 * timers start at the end of a slot. The earlier, shorter timers add the slots of their levels, each an eighth of those
 * of the level above.
 */
export function spreadOf(longestTimer: number, hzValues: readonly number[]): number {
	return (Math.max(...hzValues.map((hz) => slotOf(longestTimer, hz))) * WIDER) / (WIDER - 1);
}
