/** Something that has a place in time; of two at the same time that with the lower `order` comes first. */
export interface Placed {
	t: number;
	readonly order: number;
	/** Taken away: `settle` leaves it out. */
	gone: boolean;
}

/**
 * Things in the order of time. They may be added, moved and taken away anywhere; what that costs is in proportion to
 * how much lies behind the earliest place, so it is little where news is about what happened last.
 */
export class InOrder<T extends Placed> {
	readonly #items: T[] = [];
	/** When each had its place given, for an item that moves has another time by then. */
	readonly #times: number[] = [];
	#added: T[] = [];
	#earliest = Number.POSITIVE_INFINITY;

	add(item: T): void {
		this.#added.push(item);
		this.changes(item.t);
	}

	/** Something at that time moves or goes; where it moves, to be said of both times. */
	changes(t: number): void {
		this.#earliest = Math.min(this.#earliest, t);
	}

	get items(): readonly T[] {
		return this.#items;
	}

	/**
	 * Puts everything in its place; returns from which index on things may be other than before, or the number of things
	 * where none is.
	 */
	settle(): number {
		if (this.#earliest === Number.POSITIVE_INFINITY) return this.#items.length;
		const from = this.#indexOf(this.#earliest);
		const tail = this.#items.splice(from).filter(({ gone }) => !gone);
		this.#times.length = from;
		for (const item of this.#added) if (!item.gone) tail.push(item);
		tail.sort((a, b) => a.t - b.t || a.order - b.order);
		for (const item of tail) {
			this.#items.push(item);
			this.#times.push(item.t);
		}
		this.#added = [];
		this.#earliest = Number.POSITIVE_INFINITY;
		return from;
	}

	/** The first place not before that time. */
	#indexOf(t: number): number {
		let low = 0;
		let high = this.#times.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#times[middle] ?? t) < t) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}
