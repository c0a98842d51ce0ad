import type { LadderRow, LadderSpan } from './model.ts';
import type { WithoutLane } from './spans.ts';

/** The largest number of spans of one kind. If there are more, the longest are drawn. */
const MOST_SPANS = 250;

/** Chooses the spans to draw: those that are long enough, and belong to something that is drawn. */
export class VisibleSpans {
	readonly #hidden: ReadonlySet<string>;
	/** The times of rows that stand for many items, in order. */
	readonly #folded: readonly { readonly t: number; readonly until: number }[];

	constructor(rows: readonly LadderRow[], hidden: ReadonlySet<string>) {
		this.#hidden = hidden;
		this.#folded = rows
			.flatMap((row) => (row.kind === 'repeat' || (row.kind === 'bundle' && row.connections === 0) ? [row] : []))
			.sort((one, other) => one.t - other.t);
	}

	among<S extends LadderSpan>(spans: readonly WithoutLane<S>[]): WithoutLane<S>[] {
		const drawn = spans.filter(
			(span) => (span.connection === undefined || !this.#hidden.has(span.connection)) && !this.#isFolded(span),
		);
		if (drawn.length <= MOST_SPANS) return drawn;
		const longest = new Set(
			drawn.toSorted((one, other) => other.until - other.t - (one.until - one.t)).slice(0, MOST_SPANS),
		);
		return drawn.filter((span) => longest.has(span));
	}

	/** Returns whether a span is inside the time of such a row. A longer one is drawn. */
	#isFolded({ t, until }: WithoutLane<LadderSpan>): boolean {
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
