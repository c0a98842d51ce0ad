import type { SsRow } from '../formats/types.ts';

/** The progress of a watch: the number of samples so far, its duration, and the rows of the latest sample. */
export interface SamplingProgress {
	readonly samples: number;
	readonly seconds: number;
	readonly rows: readonly SsRow[];
}

/** Returns how long to wait before the next sample of watched sockets, in ms. */
export type SamplingInterval = (progress: SamplingProgress) => number;

const SHORTEST_MS = 50;

/** The interval after so many samples. It grows, because a long wait needs less precision. */
const SLOWER: readonly (readonly [samples: number, ms: number])[] = [
	[60, 500],
	[20, 200],
];

/** The interval in real time. */
export const realTimeInterval: SamplingInterval = ({ samples }) =>
	SLOWER.find(([after]) => samples >= after)?.[1] ?? SHORTEST_MS;

/**
 * The interval in virtual time, in which waiting costs nothing, but a sample does. The interval grows with the duration
 * of the watch, from a hundredth to a tenth of it. The next sample is due shortly after the next socket timer expires,
 * because that changes something. A hundredth is precise enough: a timer may be late by an eighth
 * (kernel/time/timer.c).
 */
export const virtualTimeInterval: SamplingInterval = ({ seconds, rows }) => {
	const waitedMs = seconds * 1_000;
	const running = rows.flatMap(({ timer }) => (timer ? [timer.leftMs] : []));
	const next = running.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...running);
	return Math.max(SHORTEST_MS, waitedMs / 100, Math.min(next + SHORTEST_MS, waitedMs / 10));
};
