import type { SsRow } from '../formats/types.ts';

/** A watching so far: how many looks were taken, for how many seconds, and what the last showed. */
export interface SamplingProgress {
	readonly samples: number;
	readonly seconds: number;
	readonly rows: readonly SsRow[];
}

/** How long to wait before the next look at watched sockets, in ms. */
export type SamplingInterval = (watching: SamplingProgress) => number;

const SHORTEST_MS = 50;

/** Quickly at first; who waits for long need not look often. */
const SLOWER: readonly (readonly [looks: number, ms: number])[] = [
	[60, 500],
	[20, 200],
];

/** Where time costs what it says. */
export const realTimeInterval: SamplingInterval = ({ samples }) =>
	SLOWER.find(([after]) => samples >= after)?.[1] ?? SHORTEST_MS;

/**
 * Where time costs nothing and a look does: the longer the wait, the fewer. No later than when the next timer is over,
 * which changes something; and to a hundredth of the time that was waited, which is more than the eighth by which a
 * timer may be late (kernel/time/timer.c) leaves to be told.
 */
export const virtualTimeInterval: SamplingInterval = ({ seconds, rows }) => {
	const waitedMs = seconds * 1_000;
	const running = rows.flatMap(({ timer }) => (timer ? [timer.leftMs] : []));
	const next = running.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...running);
	return Math.max(SHORTEST_MS, waitedMs / 100, Math.min(next + SHORTEST_MS, waitedMs / 10));
};
