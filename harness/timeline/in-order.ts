/** Something that has a place in time; of two at the same time that with the lower `order` comes first. */
export interface Placed {
	t: number;
	readonly order: number;
	/** Taken away: `settle` leaves it out. */
	gone: boolean;
}

/**
 * Things in the order of time. They may be added, moved and taken away anywhere; what that costs is in proportion to how much lies behind the
 * earliest place, so it is little where news is about what happened last.
 */
export class InOrder<T extends Placed> {
	readonly #placed: { readonly item: T; readonly t: number }[] = [];
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

	get items(): readonly { readonly item: T }[] {
		return this.#placed;
	}

	/** Puts everything in its place; returns from which index on things may be other than before, or the number of things where none is. */
	settle(): number {
		if (this.#earliest === Number.POSITIVE_INFINITY) return this.#placed.length;
		const from = this.#indexOf(this.#earliest);
		const tail = this.#placed.splice(from).flatMap(({ item }) => (item.gone ? [] : [item]));
		for (const item of this.#added) if (!item.gone) tail.push(item);
		tail.sort((a, b) => a.t - b.t || a.order - b.order);
		for (const item of tail) this.#placed.push({ item, t: item.t });
		this.#added = [];
		this.#earliest = Number.POSITIVE_INFINITY;
		return from;
	}

	/** The first place not before that time. */
	#indexOf(t: number): number {
		let low = 0;
		let high = this.#placed.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#placed[middle]?.t ?? t) < t) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}
