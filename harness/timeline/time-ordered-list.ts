/** Something that has a place in time; of two at the same time that with the lower `order` comes first. */
export interface TimedItem {
	t: number;
	readonly order: number;
	/** Removed: `update` leaves it out. */
	removed: boolean;
}

/**
 * Things in the order of time. They may be added, moved and taken away anywhere; what that costs is in proportion to
 * how much lies behind the earliest place, so it is little where news is about what happened last.
 */
export class TimeOrderedList<T extends TimedItem> {
	readonly #items: T[] = [];
	/** When each had its place given, for an item that moves has another time by then. */
	readonly #times: number[] = [];
	#added: T[] = [];
	#changedFrom = Number.POSITIVE_INFINITY;

	add(item: T): void {
		this.#added.push(item);
		this.markChanged(item.t);
	}

	/** Something at that time moves or goes; where it moves, to be said of both times. */
	markChanged(t: number): void {
		this.#changedFrom = Math.min(this.#changedFrom, t);
	}

	get items(): readonly T[] {
		return this.#items;
	}

	/**
	 * Puts everything in its place; returns from which index on things may be other than before, or the number of things
	 * where none is.
	 */
	update(): number {
		if (this.#changedFrom === Number.POSITIVE_INFINITY) return this.#items.length;
		const from = this.#indexOf(this.#changedFrom);
		const tail = this.#items.splice(from).filter(({ removed }) => !removed);
		this.#times.length = from;
		for (const item of this.#added) if (!item.removed) tail.push(item);
		tail.sort((a, b) => a.t - b.t || a.order - b.order);
		for (const item of tail) {
			this.#items.push(item);
			this.#times.push(item.t);
		}
		this.#added = [];
		this.#changedFrom = Number.POSITIVE_INFINITY;
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
