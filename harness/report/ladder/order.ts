/** Tells the indexes of what caused a thing, one by one. */
export type Causes = (index: number, visit: (cause: number) => void) => void;

/**
 * Things in the order of their indexes, but none before what caused it: what comes too early follows directly behind
 * its latest cause. Where causes go round in a circle, which no true ones do, their things keep their places.
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
	/** Who waits for a thing, and for how many things each waits. */
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
	let at = 0;
	let awaited = 0;
	const await_ = (cause: number) => {
		if (placed[cause] === 1 || freed.has(at)) return;
		awaited += 1;
		const followers = waiting.get(cause);
		if (followers) followers.push(at);
		else waiting.set(cause, [at]);
	};
	for (at = 0; at < count; at++) {
		awaited = 0;
		causes(at, await_);
		if (awaited === 0) place(at);
		else missing.set(at, awaited);
	}
	return order;
}
