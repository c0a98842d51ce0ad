/** Calls `visit` with the index of each cause of an item. */
export type Causes = (index: number, visit: (cause: number) => void) => void;

/**
 * Returns the indexes in ascending order, but none before its causes: an item that is too early comes directly after
 * its latest cause. If causes form a cycle, which true causes never do, their items keep their positions.
 */
export function inCausalOrder(count: number, causes: Causes): number[] {
	const freed = new Set<number>();
	const order = attempt(count, causes, freed);
	if (order.length === count) return order;
	const placed = new Set(order);
	for (let index = 0; index < count; index++) if (!placed.has(index)) freed.add(index);
	return attempt(count, causes, freed);
}

function attempt(count: number, causes: Causes, freed: ReadonlySet<number>): number[] {
	const order: number[] = [];
	const placed = new Uint8Array(count);
	/** The items that wait for an item, and the number of items that each of them waits for. */
	const waiting = new Map<number, number[]>();
	const missing = new Map<number, number>();
	const place = (index: number) => {
		order.push(index);
		placed[index] = 1;
		const followers = waiting.get(index);
		if (followers === undefined) return;
		waiting.delete(index);
		for (const follower of followers) {
			const left = (missing.get(follower) ?? 0) - 1;
			missing.set(follower, left);
			if (left === 0) place(follower);
		}
	};
	let index = 0;
	let causesMissing = 0;
	const waitFor = (cause: number) => {
		if (placed[cause] === 1 || freed.has(index)) return;
		causesMissing += 1;
		const followers = waiting.get(cause);
		if (followers) followers.push(index);
		else waiting.set(cause, [index]);
	};
	for (index = 0; index < count; index++) {
		causesMissing = 0;
		causes(index, waitFor);
		if (causesMissing === 0) place(index);
		else missing.set(index, causesMissing);
	}
	return order;
}
