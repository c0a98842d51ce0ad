/** An item with a time. Of two items with the same time, the one with the lower `order` comes first. */
export interface TimedItem {
	t: number;
	readonly order: number;
	/** Whether the next `update` removes it. */
	removed: boolean;
}

/**
 * A list of items in order of time. Items may be added, moved and removed anywhere. An update costs time in proportion
 * to the number of items after the earliest change, so recent changes are cheap.
 */
export class TimeOrderedList<T extends TimedItem> {
	readonly #items: T[] = [];
	/** The time of each item at the last update. The `t` of an item that moves has changed since then. */
	readonly #times: number[] = [];
	#added: T[] = [];
	#changedFrom = Number.POSITIVE_INFINITY;

	add(item: T): void {
		this.#added.push(item);
		this.markChanged(item.t);
	}

	/** Notes that an item at this time moves or is removed. If it moves, call this for both times. */
	markChanged(t: number): void {
		this.#changedFrom = Math.min(this.#changedFrom, t);
	}

	get items(): readonly T[] {
		return this.#items;
	}

	/**
	 * Applies all changes. Returns the first index at which the list may have changed, or the number of items before the
	 * update if nothing has changed.
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

	/** Returns the first index whose time is not before `t`. */
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
