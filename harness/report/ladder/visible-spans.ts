import type { LadderRow, Span } from './model.ts';
import type { Placed } from './spans.ts';

/** So many stripes of one kind are drawn: the longest. */
const MOST_SPANS = 250;

/** Chooses what lasts long enough, and belongs to something that is drawn, to be seen beside the rows. */
export class VisibleSpans {
	readonly #hidden: ReadonlySet<string>;
	/** From when to when rows stand for much that happened, in the order of time. */
	readonly #folded: readonly { readonly t: number; readonly until: number }[];

	constructor(rows: readonly LadderRow[], hidden: ReadonlySet<string>) {
		this.#hidden = hidden;
		this.#folded = rows
			.flatMap((row) => (row.kind === 'repeat' || (row.kind === 'bundle' && row.connections === 0) ? [row] : []))
			.sort((one, other) => one.t - other.t);
	}

	among<S extends Span>(spans: readonly Placed<S>[]): Placed<S>[] {
		const drawn = spans.filter(
			(span) => (span.connection === undefined || !this.#hidden.has(span.connection)) && !this.#isFolded(span),
		);
		if (drawn.length <= MOST_SPANS) return drawn;
		const longest = new Set(
			drawn.toSorted((one, other) => other.until - other.t - (one.until - one.t)).slice(0, MOST_SPANS),
		);
		return drawn.filter((span) => longest.has(span));
	}

	/**
	 * Whether it lies in the time that one row stands for, but has a beginning and an end: what is longer than that is
	 * seen.
	 */
	#isFolded({ t, until }: Placed<Span>): boolean {
		if (this.#folded.length === 0) return false;
		let [low, high] = [0, this.#folded.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#folded[middle]?.t ?? 0) <= t) low = middle + 1;
			else high = middle;
		}
		const row = this.#folded[low - 1];
		return row !== undefined && row.t < t && until <= row.until && until > t;
	}
}
