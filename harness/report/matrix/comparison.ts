import { compareVersions, isAtLeast } from '../../util/versions.ts';
import type { Change } from './changes.ts';

/** Whether a claim or duration differs between kernels, and why. */
export interface Comparison {
	readonly differs: boolean;
	/** The known changes that explain the difference. */
	readonly because: readonly Change[];
	/** The known changes do not explain the whole difference. */
	readonly unexplained: boolean;
	/** Changes that are supposed to explain a difference, although there is none between before and after them. */
	readonly idle: readonly Change[];
}

/** A result on a kernel. */
export interface Observed<Value> {
	readonly kernel: string;
	readonly value: Value;
}

/**
 * Compares the results on several kernels, given the changes that are supposed to explain differences. A change is
 * ignored if there are no results before it or none after it.
 */
export function compare<Value>(
	found: readonly Observed<Value>[],
	agree: (values: readonly Value[]) => boolean,
	changes: readonly Change[],
): Comparison {
	const inOrder = [...changes].sort((a, b) => compareVersions(a.since, b.since));
	// The values before the first change, and those from each change to the next.
	const eras: Value[][] = [[], ...inOrder.map(() => [])];
	for (const { kernel, value } of found)
		eras[inOrder.filter(({ since }) => isAtLeast(kernel, since)).length]?.push(value);
	const around = inOrder.flatMap((change, index) => {
		const before = eras.slice(0, index + 1).findLast((era) => era.length > 0);
		const after = eras.slice(index + 1).find((era) => era.length > 0);
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
