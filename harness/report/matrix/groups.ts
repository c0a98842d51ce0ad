/** An array that is not empty. */
export type Some<T> = [T, ...T[]];

/** Groups values by key, in the order in which the keys first occur. */
export function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Some<T>[] {
	const groups = new Map<string, Some<T>>();
	for (const value of values) {
		const group = groups.get(keyOf(value));
		if (group) group.push(value);
		else groups.set(keyOf(value), [value]);
	}
	return [...groups.values()];
}

/** Groups consecutive values with the same key. */
export function runsOf<T>(values: readonly T[], keyOf: (value: T) => string): Some<T>[] {
	const runs: Some<T>[] = [];
	for (const value of values) {
		const last = runs.at(-1);
		if (last && keyOf(last[0]) === keyOf(value)) last.push(value);
		else runs.push([value]);
	}
	return runs;
}
