import type { Figure } from './results.ts';

/** How long one side took for each thing that is measured, in ms. */
export type Times = Readonly<Record<string, number>>;

export interface Side {
	/** Does everything once. What it makes it removes. */
	measure(): Promise<Times>;
}

/**
 * Both sides in turn, the first round not counted. Which of them begins changes from round to round: a machine that
 * gets slower or faster meanwhile favours none.
 */
export async function alternately(
	ours: Side,
	bare: Side,
	rounds: number,
	said: (round: number) => void,
): Promise<{ ours: Times[]; bare: Times[] }> {
	const times: { ours: Times[]; bare: Times[] } = { ours: [], bare: [] };
	for (let round = 0; round <= rounds; round++) {
		said(round);
		for (const side of round % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)) {
			const taken = await (side === 'ours' ? ours : bare).measure();
			if (round > 0) times[side].push(taken);
		}
	}
	return times;
}

/** Medians of each side, for all that both measured. */
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

/** The middle one, or the mean of the two in the middle. */
export function median(numbers: readonly number[]): number {
	const sorted = [...numbers].sort((a, b) => a - b);
	const [low = Number.NaN, high = Number.NaN] = [
		sorted[Math.ceil(sorted.length / 2) - 1],
		sorted[Math.floor(sorted.length / 2)],
	];
	return (low + high) / 2;
}

/** Runs some work, and tells how long it took. */
export async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
	const start = performance.now();
	const result = await work();
	return [result, performance.now() - start];
}

/** A side that makes something and removes it. What there is to remove, `start` says as soon as it is there. */
export function startedAndRemoved(start: (onRemove: (remove: () => Promise<void>) => void) => Promise<void>): Side {
	return {
		async measure() {
			let remove = async () => {};
			const starting = timed(() =>
				start((how) => {
					remove = how;
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

/** A number with so many digits behind the point. */
export const rounded = (number: number, digits: number) => Number(number.toFixed(digits));
