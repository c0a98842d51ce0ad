import type { Figure } from './results.ts';

/** The times of one side in ms, by the name of the measurement. */
export type Times = Readonly<Record<string, number>>;

/** One side of a comparison: labs, or the bare engine. */
export interface BenchSide {
	/** Measures everything once. Removes everything that it creates. */
	measure(): Promise<Times>;
}

/**
 * Measures both sides in turn. The first round does not count. The order changes from round to round, so that a machine
 * that becomes slower or faster meanwhile favours neither side.
 */
export async function alternately(
	ours: BenchSide,
	bare: BenchSide,
	rounds: number,
	onRound: (round: number) => void,
): Promise<{ ours: Times[]; bare: Times[] }> {
	const times: { ours: Times[]; bare: Times[] } = { ours: [], bare: [] };
	for (let round = 0; round <= rounds; round++) {
		onRound(round);
		for (const side of round % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)) {
			const taken = await (side === 'ours' ? ours : bare).measure();
			if (round > 0) times[side].push(taken);
		}
	}
	return times;
}

/** Returns the medians of each side, for all names that both measured. */
export function figures({ ours, bare }: { ours: readonly Times[]; bare: readonly Times[] }): Record<string, Figure> {
	const names = Object.keys(ours[0] ?? {}).filter((name) => bare[0]?.[name] !== undefined);
	return Object.fromEntries(
		names.map((name) => {
			const [ours_ms, bare_ms] = [ours, bare].map((times) =>
				median(times.map((taken) => taken[name] ?? Number.NaN)),
			) as [number, number];
			return [
				name,
				{ ours_ms: rounded(ours_ms, 1), bare_ms: rounded(bare_ms, 1), ratio: rounded(ours_ms / bare_ms, 2) },
			];
		}),
	);
}

/** Returns the middle number, or the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
	const sorted = [...numbers].sort((a, b) => a - b);
	const [low = Number.NaN, high = Number.NaN] = [
		sorted[Math.ceil(sorted.length / 2) - 1],
		sorted[Math.floor(sorted.length / 2)],
	];
	return (low + high) / 2;
}

/** Runs some work. Returns its result and its duration in ms. */
export async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
	const start = performance.now();
	const result = await work();
	return [result, performance.now() - start];
}

/**
 * Returns a side that starts something and removes it. `start` passes the function that removes it as soon as there is
 * something to remove.
 */
export function startedAndRemoved(
	start: (onRemove: (remove: () => Promise<void>) => void) => Promise<void>,
): BenchSide {
	return {
		async measure() {
			let remove = async () => {};
			const starting = timed(() =>
				start((removeAll) => {
					remove = removeAll;
				}),
			);
			const [, ready] = await starting.catch(async (error: unknown) => {
				await remove();
				throw error;
			});
			const [, removed] = await timed(() => remove());
			return { 'lab ready': ready, 'lab removed': removed };
		},
	};
}

/** Rounds a number to so many digits after the point. */
export const rounded = (number: number, digits: number) => Number(number.toFixed(digits));
