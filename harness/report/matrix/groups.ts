export type Some<T> = [T, ...T[]];

/** The values of each key, in the order in which the keys came. */
export function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Some<T>[] {
	const groups = new Map<string, Some<T>>();
	for (const value of values) {
		const group = groups.get(keyOf(value));
		if (group) group.push(value);
		else groups.set(keyOf(value), [value]);
	}
	return [...groups.values()];
}

/** Neighbours that have the same key, together. */
export function runsOf<T>(values: readonly T[], keyOf: (value: T) => string): Some<T>[] {
	const runs: Some<T>[] = [];
	for (const value of values) {
		const last = runs.at(-1);
		if (last && keyOf(last[0]) === keyOf(value)) last.push(value);
		else runs.push([value]);
	}
	return runs;
}
