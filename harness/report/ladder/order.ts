/**
 * Things in the order of their indexes, but none before what caused it: what comes too early follows directly behind its latest cause. `causesOf`
 * gives the indexes of those. Where causes go round in a circle, which no true ones do, their things keep their places.
 */
export function inCausalOrder(count: number, causesOf: (index: number) => readonly number[]): number[] {
	const freed = new Set<number>();
	const order = attempt(count, causesOf, freed);
	if (order.length === count) return order;
	const placed = new Set(order);
	for (let index = 0; index < count; index++) if (!placed.has(index)) freed.add(index);
	return attempt(count, causesOf, freed);
}

function attempt(count: number, causesOf: (index: number) => readonly number[], freed: ReadonlySet<number>): number[] {
	const order: number[] = [];
	const placed = new Uint8Array(count);
	/** Who waits for a thing. */
	const waiting = new Map<number, number[]>();
	const missing = new Map<number, number>();
	const place = (first: number) => {
		const ready = [first];
		for (let index = ready.shift(); index !== undefined; index = ready.shift()) {
			order.push(index);
			placed[index] = 1;
			const followers = waiting.get(index);
			if (followers === undefined) continue;
			waiting.delete(index);
			for (const follower of followers) {
				const left = (missing.get(follower) ?? 0) - 1;
				missing.set(follower, left);
				if (left === 0) ready.push(follower);
			}
		}
	};
	for (let index = 0; index < count; index++) {
		const awaited = freed.has(index) ? [] : causesOf(index).filter((cause) => placed[cause] === 0);
		if (awaited.length === 0) {
			place(index);
			continue;
		}
		missing.set(index, awaited.length);
		for (const cause of awaited) {
			const followers = waiting.get(cause);
			if (followers) followers.push(index);
			else waiting.set(cause, [index]);
		}
	}
	return order;
}
