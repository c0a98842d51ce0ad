import { isCall, isCallOf } from '../../timeline/call-families.ts';
import { type Event, type EventOf, forEachNode, type NodeName, sideOf } from '../../timeline/events.ts';
import { type Call, type Item, PRECISION, RETURN_PRECISION, SAMPLE_PRECISION, type Segment } from './item.ts';
import type { Causes } from './order.ts';

/**
 * Finds the causes of items. A segment comes after the call that sent it, an answer after the segment that it answers,
 * a change of state after the segment or the call that caused it, and a call's return or an error after the arrival
 * that caused it. Within their precision, the clocks of different observers may contradict that. Then the order in the
 * ladder follows the causes, but the recorded times are not changed.
 */
export function causesAmong(items: readonly Item[]): Causes {
	const byConnection = new Map<string, ConnectionIndex>();
	const indexOf: (ConnectionIndex | undefined)[] = [];
	const latest = new Map<string, number>();
	/** The previous item of the same source. Each source reports its events in their order. */
	const previous = new Int32Array(items.length).fill(NONE);
	for (const [index, item] of items.entries()) {
		const { connection } = item;
		const chain = chainOf(item);
		if (chain !== undefined) {
			previous[index] = latest.get(chain) ?? NONE;
			latest.set(chain, index);
		}
		if (connection === undefined || item.slot === 'full') {
			indexOf.push(undefined);
			continue;
		}
		const known = byConnection.get(connection) ?? new ConnectionIndex(items);
		byConnection.set(connection, known);
		indexOf.push(known);
		const before = known.add(index, item);
		if (before !== undefined) previous[index] = before;
	}
	return (index, visit) => {
		const before = previous[index] as number;
		if (before !== NONE) visit(before);
		indexOf[index]?.visitCauses(index, visit);
	};
}

const NONE = -1;

/** Returns a key for the source of an item. Segments have none here: `ConnectionIndex` finds their predecessors. */
function chainOf({ event, connection = '' }: Item): string | undefined {
	switch (event?.kind) {
		case 'call':
			return (
				`call ${event.host} ${event.peer} ${event.pid} ${event.tid ?? ''} ` +
				`${event.source === 'socket' ? event.fd : ''}`
			);
		case 'state':
			return event.how === 'traced' ? `kernel ${event.host} ${connection}` : undefined;
		case 'reset':
			return `kernel ${event.host} ${connection}`;
		case 'error':
			return event.source === 'kernel' ? `kernel ${event.host} ${connection}` : undefined;
		default:
			return undefined;
	}
}

type VisitCause = Parameters<Causes>[1];

/** Growing numbers, and the index of the item that reached each of them. */
class Progress {
	readonly #ends: number[] = [];
	readonly #indexes: number[] = [];

	get last(): number {
		return this.#ends.at(-1) ?? 0;
	}

	add(index: number, end: number): void {
		if (end <= this.last) return;
		this.#ends.push(end);
		this.#indexes.push(index);
	}

	/** Returns the first item that reached this number. */
	firstToReach(number: number): number | undefined {
		if (number <= 0) return undefined;
		return this.#indexes[firstWhere(this.#ends.length, (at) => (this.#ends[at] as number) >= number)];
	}
}

/** The indexes of one host's items on a connection, in the order of time. */
class HostIndex {
	readonly segments: number[] = [];
	readonly icmp: number[] = [];
	readonly calls: number[] = [];
	readonly states: number[] = [];
	/** Its SYNs and FINs. */
	readonly syns: number[] = [];
	readonly fins: number[] = [];
	/** The bytes of its stream that it wrote, and that were delivered. */
	readonly written = new Progress();
	readonly delivered = new Progress();
	/** The first delivered segment with this end, or with this acknowledgement, by absolute number. */
	readonly ends = new Map<number, number>();
	readonly acknowledging = new Map<number, number>();
	/** The bytes that were read until each return of a call. */
	readonly read = new Map<number, number>();
	bytesRead = 0;
}

/** A router’s own packets are indexed with those of the host from whose side they come: they have the same effects. */
function placeOf(event: Exclude<Event, { kind: 'step' | 'fault' }>): NodeName {
	return event.kind === 'segment' || event.kind === 'icmp' ? sideOf(event) : event.host;
}

/** Where the causes of a node’s items are. */
const OTHERS: Readonly<Record<NodeName, NodeName>> = { client: 'server', router: 'router', server: 'client' };

/** Indexes the items of one connection, and searches them for causes. */
class ConnectionIndex {
	readonly #items: readonly Item[];
	readonly #hosts = forEachNode(() => new HostIndex());

	constructor(items: readonly Item[]) {
		this.#items = items;
	}

	/** Adds an item. For a segment, returns the index of the previous segment of the same host. */
	add(index: number, item: Item): number | undefined {
		const { event } = item;
		if (event === undefined || !('host' in event) || event.kind === 'fault') return undefined;
		const host = this.#hosts[placeOf(event)];
		switch (event.kind) {
			case 'segment': {
				// On loopback, both ends are the same host, and their marks are below each other anyway.
				if (item.slot !== 'wire') return undefined;
				const before = host.segments.at(-1);
				addSegment(host, index, event);
				return before;
			}
			case 'icmp':
				host.icmp.push(index);
				return undefined;
			case 'call':
				addCall(host, index, event, item.part);
				return undefined;
			case 'state':
				host.states.push(index);
				return undefined;
			default:
				return undefined;
		}
	}

	visitCauses(index: number, visit: VisitCause): void {
		const item = this.#items[index] as Item;
		const { event, slot } = item;
		if (event === undefined || !('host' in event) || event.kind === 'fault') return;
		const place = placeOf(event);
		const own = this.#hosts[place];
		const other = this.#hosts[OTHERS[place]];
		if (event.kind !== 'segment') this.#visit(index, this.#causeOf(index, item, own, other), visit);
		else if (slot === 'wire') this.#visitCausesOfSegment(index, event, own, other, visit);
	}

	#visitCausesOfSegment(index: number, segment: Segment, own: HostIndex, other: HostIndex, visit: VisitCause): void {
		const { flags, length, seq, absolute, retransmission } = segment;
		if (flags.includes('.')) this.#visit(index, other.ends.get(absolute.ack), visit);
		else if (flags.includes('R')) this.#visit(index, other.acknowledging.get(absolute.seq), visit);
		if (retransmission) return;
		if (length > 0) this.#visit(index, own.written.firstToReach(seq), visit);
		if (flags === 'S') this.#visit(index, this.#call(index, own, /^connect$/), visit);
		if (flags.includes('F'))
			this.#visit(index, this.#call(index, own, /^(close|shutdown)$/, Number.NEGATIVE_INFINITY), visit);
	}

	/** Visits a cause, unless it is so late that it cannot be the cause. */
	#visit(index: number, cause: number | undefined, visit: VisitCause): void {
		if (cause === undefined || cause === index) return;
		const item = this.#items[index] as Item;
		if (this.#timeOf(cause) <= item.t + precisionOf(item)) visit(cause);
	}

	#causeOf(index: number, item: Item, own: HostIndex, other: HostIndex): number | undefined {
		const { event } = item;
		switch (event?.kind) {
			case 'icmp': {
				const { quotes } = event;
				return (
					quotes &&
					this.#first(index, other.segments, (at) => this.#segment(at).seq === quotes.seq, Number.NEGATIVE_INFINITY)
				);
			}
			case 'state':
				return this.#causeOfState(index, event, own, other);
			case 'call':
				return item.part === 'end' ? this.#causeOfReturn(index, event, own, other) : undefined;
			case 'error':
				return this.#first(index, other.icmp) ?? this.#arrival(index, other, isReset);
			case 'reset':
				if (event.direction === 'received') return this.#arrival(index, other, isReset);
				// A reset by the host's own decision answers nothing, and is traced after the RST was sent
				// (net/ipv4/tcp_output.c, `tcp_send_active_reset`).
				return /ABORT|CLOSE|LINGER|DISCONNECT/.test(event.reason ?? '')
					? undefined
					: this.#first(index, other.segments);
			default:
				return undefined;
		}
	}

	#causeOfState(index: number, { from, to }: EventOf<'state'>, own: HostIndex, other: HostIndex): number | undefined {
		const previous = own.states[firstWhere(own.states.length, (at) => (own.states[at] as number) >= index) - 1];
		const since = previous === undefined ? Number.NEGATIVE_INFINITY : this.#timeOf(previous) - PRECISION;
		switch (to) {
			case 'SYN-SENT':
				return this.#call(index, own, /^connect$/, since);
			case 'FIN-WAIT-1':
			case 'LAST-ACK':
				return this.#call(index, own, /^(close|shutdown)$/, since);
			case 'SYN-RECV':
				return this.#arrival(index, other, ({ flags }) => flags.includes('S'), since);
			case 'ESTAB':
				return this.#answerTo(own.syns, index, other);
			case 'CLOSE-WAIT':
			case 'CLOSING':
				return this.#arrival(index, other, isFin, since);
			case 'FIN-WAIT-2':
				return this.#answerTo(own.fins, index, other);
			case 'TIME-WAIT':
				return from === 'CLOSING' ? this.#answerTo(own.fins, index, other) : this.#arrival(index, other, isFin, since);
			case 'CLOSED':
				return (
					this.#arrival(index, other, isReset, since) ??
					(from === 'LAST-ACK' ? this.#answerTo(own.fins, index, other) : undefined)
				);
			default:
				return undefined;
		}
	}

	#causeOfReturn(index: number, call: Call, own: HostIndex, other: HostIndex): number | undefined {
		const { name, errno, returned, t } = call;
		if (errno === 'ECONNRESET' || errno === 'EPIPE' || errno === 'ECONNREFUSED') {
			return this.#first(index, other.icmp) ?? this.#arrival(index, other, isReset, Number.NEGATIVE_INFINITY);
		}
		if (errno !== undefined) return errno === 'EINPROGRESS' ? undefined : this.#first(index, other.icmp);
		if (name === 'connect') return this.#arrival(index, other, ({ flags }) => flags === 'S.', t);
		if (name.startsWith('accept')) return this.#answerTo(own.syns, index, other);
		if (isCallOf(call, 'read')) {
			return returned === 0
				? this.#arrival(index, other, isFin, Number.NEGATIVE_INFINITY)
				: other.delivered.firstToReach(own.read.get(index) ?? 0);
		}
		// If the call slept, something that arrived after its beginning has woken it.
		const slept = isCall(name, 'poll') && this.#timeOf(index) - t > PRECISION;
		return slept ? this.#arrival(index, other, ({ flags, length }) => length > 0 || /[SFR]/.test(flags), t) : undefined;
	}

	#call(index: number, own: HostIndex, name: RegExp, since?: number): number | undefined {
		return this.#first(
			index,
			own.calls,
			(at) => name.test((this.#items[at] as Item & { event: Call }).event.name),
			since,
		);
	}

	#arrival(
		index: number,
		other: HostIndex,
		matches: (segment: Segment) => boolean,
		since?: number,
	): number | undefined {
		const fits = (at: number) => this.#segment(at).fate === 'delivered' && matches(this.#segment(at));
		return this.#first(index, other.segments, fits, since);
	}

	/** Returns the segment that acknowledged the last of these. */
	#answerTo(sent: readonly number[], index: number, other: HostIndex): number | undefined {
		const last = sent[Math.max(0, firstWhere(sent.length, (at) => (sent[at] as number) >= index) - 1)];
		return last === undefined ? undefined : other.acknowledging.get(endOf(this.#segment(last)));
	}

	/**
	 * Returns the first item that fits, since then and not much later. If there are several, the first is the safe
	 * choice: the later ones may be effects.
	 */
	#first(
		index: number,
		among: readonly number[],
		fits: (at: number) => boolean = () => true,
		since?: number,
	): number | undefined {
		const t = this.#timeOf(index);
		const from = since ?? t - PRECISION;
		const latest = t + precisionOf(this.#items[index] as Item);
		for (
			let at = firstWhere(among.length, (position) => this.#timeOf(among[position] as number) >= from);
			at < among.length;
			at++
		) {
			const found = among[at] as number;
			if (this.#timeOf(found) > latest) return undefined;
			if (found !== index && fits(found)) return found;
		}
		return undefined;
	}

	#timeOf(index: number): number {
		return (this.#items[index] as Item).t;
	}

	#segment(index: number): Segment {
		return this.#items[index]?.event as Segment;
	}
}

function addSegment(host: HostIndex, index: number, segment: Segment): void {
	const { absolute, length, flags, seq, fate } = segment;
	host.segments.push(index);
	if (flags.includes('S')) host.syns.push(index);
	if (flags.includes('F')) host.fins.push(index);
	if (fate !== 'delivered') return;
	const end = endOf(segment);
	if (end !== absolute.seq && !host.ends.has(end)) host.ends.set(end, index);
	if (flags.includes('.') && !host.acknowledging.has(absolute.ack)) host.acknowledging.set(absolute.ack, index);
	if (length > 0) host.delivered.add(index, seq + length - 1);
}

function addCall(host: HostIndex, index: number, call: Call, part: Item['part']): void {
	if (part !== 'end') host.calls.push(index);
	const bytes = call.errno === undefined ? (call.returned ?? Number.POSITIVE_INFINITY) : 0;
	if (isCallOf(call, 'write') && part !== 'end') host.written.add(index, host.written.last + Math.max(0, bytes));
	if (isCallOf(call, 'read') && part !== 'begin' && Number.isFinite(bytes)) {
		host.bytesRead += Math.max(0, bytes);
		host.read.set(index, host.bytesRead);
	}
}

/** Returns the absolute acknowledgement number that acknowledges the segment. */
function endOf({ absolute, length, flags }: Segment): number {
	return (absolute.seq + length + (flags.includes('S') || flags.includes('F') ? 1 : 0)) >>> 0;
}

function precisionOf({ event, part }: Item): number {
	// The cause of a wait's end is uncertain; that of a connect or a read is certain.
	if (event?.kind === 'call' && part === 'end' && !isCall(event.name, 'poll')) return RETURN_PRECISION;
	return event?.kind === 'state' && event.how === 'sampled' ? SAMPLE_PRECISION : PRECISION;
}

function isReset({ flags }: Segment): boolean {
	return flags.includes('R');
}

function isFin({ flags }: Segment): boolean {
	return flags.includes('F');
}

/** Returns the first of `count` positions from which on something holds (binary search). */
function firstWhere(count: number, holds: (at: number) => boolean): number {
	let [low, high] = [0, count];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (holds(middle)) high = middle;
		else low = middle + 1;
	}
	return low;
}
