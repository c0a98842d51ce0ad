import type { Ladder, LadderRow } from '../model.ts';

/** The top and the height of a row, in pixels. */
export interface RowPosition {
	readonly row: LadderRow;
	readonly top: number;
	readonly height: number;
}

/**
 * Maps time to the vertical position, with the rows as knots. Each row has the height that its texts need, whatever its
 * duration is. So long waits are short, and bursts are legible.
 */
export class TimeScale {
	readonly positions: readonly RowPosition[];
	readonly bottom: number;
	readonly #knots: { readonly t: number; readonly y: number }[] = [];

	/** `heightOf` returns pixels. The first row begins at `top`. */
	constructor({ rows, spans }: Ladder, top: number, heightOf: (row: LadderRow) => number) {
		let y = top;
		let t = Number.NEGATIVE_INFINITY;
		this.positions = rows.map((row) => {
			const position = { row, top: y, height: heightOf(row) };
			t = Math.max(t, row.t);
			this.#knots.push({ t, y: y + ANCHOR });
			y += position.height;
			return position;
		});
		this.bottom = y;
		this.#knots.push({ t: Math.max(t, spans.end), y });
	}

	/** Returns the vertical position of a time, in pixels. */
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

/** The distance from the upper edge of a row to its first line, which marks the row's time. */
const ANCHOR = 8;
