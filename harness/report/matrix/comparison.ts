import { compareVersions, isAtLeast } from '../../util/versions.ts';
import type { Change } from './changes.ts';

/** Whether something is the same on all kernels, and why it is not. */
export interface Comparison {
	readonly differs: boolean;
	/** The changes that make it differ. */
	readonly because: readonly Change[];
	/** It differs, and not only where a known change came between. */
	readonly unexplained: boolean;
	/** Changes that are said to make it differ, and do not: before and since them it is the same. */
	readonly idle: readonly Change[];
}

/** What was found on a kernel. */
export interface Observed<Value> {
	readonly kernel: string;
	readonly value: Value;
}

/**
 * Compares what was found on several kernels, given the changes that are said to explain it. A change between kernels
 * that were not looked at says nothing.
 */
export function compare<Value>(
	found: readonly Observed<Value>[],
	agree: (values: readonly Value[]) => boolean,
	changes: readonly Change[],
): Comparison {
	const inOrder = [...changes].sort((a, b) => compareVersions(a.since, b.since));
	// One era before the first change, and one since each of them.
	const eras: Value[][] = [[], ...inOrder.map(() => [])];
	for (const { kernel, value } of found)
		eras[inOrder.filter(({ since }) => isAtLeast(kernel, since)).length]?.push(value);
	const around = inOrder.flatMap((change, place) => {
		const before = eras.slice(0, place + 1).findLast((era) => era.length > 0);
		const after = eras.slice(place + 1).find((era) => era.length > 0);
		return before && after ? [{ change, same: agree([...before, ...after]) }] : [];
	});
	const differs = !agree(found.map(({ value }) => value));
	const because = differs ? around.filter(({ same }) => !same).map(({ change }) => change) : [];
	return {
		differs,
		because,
		unexplained: differs && (because.length === 0 || eras.some((era) => !agree(era))),
		idle: around.filter(({ same }) => same).map(({ change }) => change),
	};
}
