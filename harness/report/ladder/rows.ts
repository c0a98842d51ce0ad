import { type HostName, otherHost } from '../../timeline/events.ts';
import { type HostItem, type Item, PRECISION, type WireItem } from './item.ts';
import type { EventRow, LadderRow } from './model.ts';

/**
 * Things closer than this stand in one row, in seconds: more than the clocks of two observers differ, less than a
 * reader cares for.
 */
const ONE_MOMENT = PRECISION;
/** Silence from this long on is drawn as a wait, in seconds. */
const A_WAIT = 1;
/** Marks of one host in one row. */
const MOST_MARKS = 3;

/**
 * Things, in an order in which none stands before its cause, as rows. In a row the arrow is in the first line: so what
 * its sender did before it is at most the one thing that stands beside it, and what its receiver did is the effect.
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
		} else if (open?.takes(item)) open.put(item);
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
	readonly #marks: Record<HostName, HostItem[]> = { client: [], server: [] };
	#wire: WireItem | undefined;
	/** How many marks of its sender came before the arrow. */
	#beforeArrow = 0;

	constructor(t: number) {
		this.#t = t;
		this.#until = t;
	}

	get isEmpty(): boolean {
		return this.#wire === undefined && this.#marks.client.length === 0 && this.#marks.server.length === 0;
	}

	get eventRow(): EventRow {
		const marksOf = (host: HostName) => this.#marks[host].map(({ mark }) => mark);
		return {
			kind: 'events',
			t: this.#t,
			client: marksOf('client'),
			wire: this.#wire?.arrow,
			server: marksOf('server'),
		};
	}

	/** Whether the item belongs to the moment of this row, and there is room for it. */
	takes(item: HostItem | WireItem): boolean {
		if (item.t - this.#t > ONE_MOMENT || this.#until > this.#t + ONE_MOMENT) return false;
		if (item.slot === 'wire')
			return this.#wire === undefined && this.#receiver(item).length === 0 && this.#sender(item).length <= 1;
		// What stands beside the head of an arrow that is still on its way is no effect of it.
		return this.#marks[item.slot].length < MOST_MARKS && !this.#isUnderWay(item);
	}

	/** Whether the arrow takes longer than a moment, and had not arrived at this host by then. */
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
		// What was taken over with a cause stands below it, and was not before the arrow.
		this.#beforeArrow = Math.min(1, this.#sender(item).length);
		this.#wire = item;
	}

	/**
	 * Takes out the call that sent this, and what followed it at that host, so that cause and effect stand side by side.
	 */
	takeCauseOf(item: WireItem): HostItem[] {
		if (item.t - this.#t > ONE_MOMENT || !mayBeOfACall(item)) return [];
		const marks = this.#sender(item);
		const call = marks.findLastIndex(({ acts }) => acts === true);
		// What sent the arrow of this row stays with it.
		const isFree = this.#wire === undefined || this.#wire.arrow.from !== item.arrow.from || call >= this.#beforeArrow;
		// What its receiver did beside may be the effect of what would move.
		return call === -1 || !isFree ? [] : marks.splice(call);
	}

	#sender({ arrow }: WireItem): HostItem[] {
		return this.#marks[arrow.from];
	}

	#receiver({ arrow }: WireItem): HostItem[] {
		return this.#marks[otherHost(arrow.from)];
	}
}

/** Data, SYN, FIN and RST may be what a call sent; the kernel acknowledges and retransmits by itself. */
function mayBeOfACall({ event, arrow }: WireItem): boolean {
	return event?.kind === 'segment' && !arrow.retransmission && (event.length > 0 || /[SFR]/.test(event.flags));
}
