import { forEachNode, type NodeName } from '../../timeline/events.ts';
import { type HostItem, type Item, PRECISION, type WireItem } from './item.ts';
import type { EventRow, LadderRow } from './model.ts';

/**
 * Items that are closer than this are in one row, in seconds. It is more than the clocks of two observers differ, and
 * less than matters to the reader.
 */
const ONE_MOMENT = PRECISION;
/** A time without items is drawn as a wait if it is at least this long, in seconds. */
const A_WAIT = 1;
/** The largest number of marks of one host in a row. */
const MOST_MARKS = 3;

/**
 * Puts items into rows. None of the items is before its cause. In a row, the arrow is in the first line. So at most one
 * mark of its sender is before it, which is beside it, and all marks of its receiver are its effects.
 */
export function rowsOf(items: readonly Item[]): LadderRow[] {
	const rows: LadderRow[] = [];
	let open: OpenRow | undefined;
	let latest: number | undefined;
	const close = () => {
		if (open !== undefined && !open.isEmpty) rows.push(open.eventRow);
		open = undefined;
	};
	for (const item of items) {
		if (latest !== undefined && item.t - latest >= A_WAIT) {
			close();
			rows.push({ kind: 'wait', t: latest, seconds: item.t - latest });
		}
		latest = Math.max(latest ?? item.until, item.until);
		if (item.slot === 'full') {
			close();
			rows.push(item.row);
		} else if (open?.accepts(item)) open.put(item);
		else {
			const beside = item.slot === 'wire' ? (open?.takeCauseOf(item) ?? []) : [];
			close();
			open = new OpenRow(beside[0]?.t ?? item.t);
			for (const cause of [...beside, item]) open.put(cause);
		}
	}
	close();
	return rows;
}

class OpenRow {
	readonly #t: number;
	#until: number;
	readonly #marks = forEachNode((): HostItem[] => []);
	#wire: WireItem | undefined;
	/** The number of the sender's marks that came before the arrow. */
	#beforeArrow = 0;

	constructor(t: number) {
		this.#t = t;
		this.#until = t;
	}

	get isEmpty(): boolean {
		return this.#wire === undefined && Object.values(this.#marks).every((marks) => marks.length === 0);
	}

	get eventRow(): EventRow {
		const marksOf = (node: NodeName) => this.#marks[node].map(({ mark }) => mark);
		return { kind: 'events', t: this.#t, marks: forEachNode(marksOf), wire: this.#wire?.arrow };
	}

	/** Returns whether the item belongs to the moment of this row, and there is room for it. */
	accepts(item: HostItem | WireItem): boolean {
		if (item.t - this.#t > ONE_MOMENT || this.#until > this.#t + ONE_MOMENT) return false;
		if (item.slot === 'wire')
			return (
				this.#wire === undefined &&
				this.#marks.router.length === 0 &&
				this.#receiver(item).length === 0 &&
				this.#sender(item).length <= 1
			);
		// The router’s marks are where arrows are.
		if (item.slot === 'router' && this.#wire !== undefined) return false;
		// A mark at the receiver of an arrow that has not arrived yet is not its effect.
		return this.#marks[item.slot].length < MOST_MARKS && !this.#isUnderWay(item);
	}

	/** Returns whether the arrow takes longer than a moment, and has not arrived at this host yet. */
	#isUnderWay({ slot, t }: HostItem): boolean {
		if (this.#wire === undefined || slot === this.#wire.arrow.from) return false;
		const { t: left, arrived = left } = this.#wire.arrow;
		return arrived - left > ONE_MOMENT && t < arrived - ONE_MOMENT;
	}

	put(item: HostItem | WireItem): void {
		this.#until = Math.max(this.#until, item.until);
		if (item.slot !== 'wire') {
			this.#marks[item.slot].push(item);
			return;
		}
		// Marks that were moved together with the cause are below it, and do not count as before the arrow.
		this.#beforeArrow = Math.min(1, this.#sender(item).length);
		this.#wire = item;
	}

	/**
	 * Removes and returns the call that sent this segment, and the marks after it at that host, so that cause and effect
	 * are side by side in the next row.
	 */
	takeCauseOf(item: WireItem): HostItem[] {
		if (item.t - this.#t > ONE_MOMENT || !mayBeSentByACall(item)) return [];
		const marks = this.#sender(item);
		const call = marks.findLastIndex(({ acts }) => acts === true);
		// The call that sent the arrow of this row stays with it.
		const isFree = this.#wire === undefined || this.#wire.arrow.from !== item.arrow.from || call >= this.#beforeArrow;
		// Marks of its receiver beside the call may be effects of what would be moved.
		return call === -1 || !isFree ? [] : marks.splice(call);
	}

	#sender({ arrow }: WireItem): HostItem[] {
		return this.#marks[arrow.from];
	}

	#receiver({ arrow }: WireItem): HostItem[] {
		return this.#marks[arrow.to];
	}
}

/**
 * Returns whether a call may have sent it: data, SYN, FIN or RST. The kernel acknowledges and retransmits by itself.
 */
function mayBeSentByACall({ event, arrow }: WireItem): boolean {
	return event?.kind === 'segment' && !arrow.retransmission && (event.length > 0 || /[SFR]/.test(event.flags));
}
