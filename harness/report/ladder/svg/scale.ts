import type { Ladder, LadderRow } from '../model.ts';

/** Where a row is: its top and its height, in pixels. */
export interface RowPosition {
	readonly row: LadderRow;
	readonly top: number;
	readonly height: number;
}

/**
 * Time as a way down the page. Rows give it its knots: each row has the room that its words need, whatever time it
 * stands for, so that long waits are short and a burst is legible.
 */
export class TimeScale {
	readonly positions: readonly RowPosition[];
	readonly bottom: number;
	readonly #knots: { readonly t: number; readonly y: number }[] = [];

	/** `heightOf` in pixels; the first row begins at `top`. */
	constructor({ rows, spans }: Ladder, top: number, heightOf: (row: LadderRow) => number) {
		let y = top;
		let t = Number.NEGATIVE_INFINITY;
		this.positions = rows.map((row) => {
			const place = { row, top: y, height: heightOf(row) };
			t = Math.max(t, row.t);
			this.#knots.push({ t, y: y + ANCHOR });
			y += place.height;
			return place;
		});
		this.bottom = y;
		this.#knots.push({ t: Math.max(t, spans.end), y });
	}

	/** The height at which a moment stands, in pixels. */
	yAt(t: number): number {
		const after = this.#firstAfter(t);
		const next = this.#knots[after];
		const last = this.#knots[after - 1];
		if (last === undefined) return this.#knots[0]?.y ?? this.bottom;
		if (next === undefined) return this.bottom;
		return last.y + ((t - last.t) / (next.t - last.t)) * (next.y - last.y);
	}

	#firstAfter(t: number): number {
		let [low, high] = [0, this.#knots.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#knots[middle]?.t ?? 0) <= t) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}

/** The moment of a row is where its first line is, not at its upper edge. */
const ANCHOR = 8;
