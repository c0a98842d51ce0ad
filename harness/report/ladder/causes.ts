import { type EventOf, type HostName, otherHost } from '../../timeline/events.ts';
import { isCall, isCallOf } from '../../timeline/history.ts';
import { type Call, type Item, PRECISION, RETURN_PRECISION, SAMPLE_PRECISION } from './item.ts';
import type { Causes } from './order.ts';

/**
 * The known relations between things: a segment comes after the call that sent it, an answer after what it answers, a
 * change of state after the segment or the call that caused it, a call's return and an error after what arrived. Clocks
 * of different observers may tell otherwise within their precision; then the order of a ladder follows the relation.
 * Times stay as they were recorded.
 */
export function causesAmong(items: readonly Item[]): Causes {
	const tracks = new Map<string, Track>();
	const trackOf: (Track | undefined)[] = [];
	const latest = new Map<string, number>();
	/** What one source told of one thing before: its events are in the order in which they happened. */
	const chained = new Int32Array(items.length).fill(NONE);
	for (const [index, item] of items.entries()) {
		const { connection } = item;
		const chain = chainOf(item);
		if (chain !== undefined) {
			chained[index] = latest.get(chain) ?? NONE;
			latest.set(chain, index);
		}
		if (connection === undefined || item.slot === 'full') {
			trackOf.push(undefined);
			continue;
		}
		const track = tracks.get(connection) ?? new Track(items);
		tracks.set(connection, track);
		trackOf.push(track);
		const before = track.add(index, item);
		if (before !== undefined) chained[index] = before;
	}
	return (index, visit) => {
		const before = chained[index] as number;
		if (before !== NONE) visit(before);
		trackOf[index]?.tellCauses(index, visit);
	};
}

const NONE = -1;

/** Segments, of which there may be many, are chained by their tracks. */
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

type Segment = EventOf<'segment'>;
type State = EventOf<'state'>;
type VisitCause = Parameters<Causes>[1];

/** Numbers that grow, each with the index of the thing at which it was reached. */
class Ends {
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

	/** The thing that reached this number first. */
	covering(number: number): number | undefined {
		if (number <= 0) return undefined;
		return this.#indexes[firstWhere(this.#ends.length, (at) => (this.#ends[at] as number) >= number)];
	}
}

/** One host's part in a connection: indexes of things, in the order of time. */
class Part {
	readonly segments: number[] = [];
	readonly icmp: number[] = [];
	readonly calls: number[] = [];
	readonly states: number[] = [];
	/** Its SYNs and FINs. */
	readonly syns: number[] = [];
	readonly fins: number[] = [];
	/** Bytes of its stream that it wrote, and that arrived. */
	readonly written = new Ends();
	readonly sent = new Ends();
	/** The first segment that arrived with an end or an acknowledgement, by absolute number. */
	readonly ends = new Map<number, number>();
	readonly acknowledging = new Map<number, number>();
	/** Bytes that were read up to each return of a call. */
	readonly read = new Map<number, number>();
	bytesRead = 0;
}

/** What happened on one connection, indexed for the search of causes. */
class Track {
	readonly #items: readonly Item[];
	readonly #parts: Readonly<Record<HostName, Part>> = { client: new Part(), server: new Part() };

	constructor(items: readonly Item[]) {
		this.#items = items;
	}

	/** Takes it in; for a segment, the index of the last that its host sent before. */
	add(index: number, item: Item): number | undefined {
		const { event } = item;
		if (event === undefined || !('host' in event)) return undefined;
		const part = this.#parts[event.host];
		switch (event.kind) {
			case 'segment': {
				// Which end of a connection within one host sent it, nobody needs to know: its marks stand below each other.
				if (item.slot !== 'wire') return undefined;
				const before = part.segments.at(-1);
				addSegment(part, index, event);
				return before;
			}
			case 'icmp':
				part.icmp.push(index);
				return undefined;
			case 'call':
				addCall(part, index, event, item.part);
				return undefined;
			case 'state':
				part.states.push(index);
				return undefined;
			default:
				return undefined;
		}
	}

	tellCauses(index: number, visit: VisitCause): void {
		const item = this.#items[index] as Item;
		const { event, slot } = item;
		if (event === undefined || !('host' in event)) return;
		const own = this.#parts[event.host];
		const other = this.#parts[otherHost(event.host)];
		if (event.kind !== 'segment') this.#tell(index, this.#causeOf(index, item, own, other), visit);
		else if (slot === 'wire') this.#tellCausesOfSegment(index, event, own, other, visit);
	}

	#tellCausesOfSegment(index: number, segment: Segment, own: Part, other: Part, visit: VisitCause): void {
		const { flags, length, seq, absolute, retransmission } = segment;
		if (flags.includes('.')) this.#tell(index, other.ends.get(absolute.ack), visit);
		else if (flags.includes('R')) this.#tell(index, other.acknowledging.get(absolute.seq), visit);
		if (retransmission) return;
		if (length > 0) this.#tell(index, own.written.covering(seq), visit);
		if (flags === 'S') this.#tell(index, this.#call(index, own, /^connect$/), visit);
		if (flags.includes('F'))
			this.#tell(index, this.#call(index, own, /^(close|shutdown)$/, Number.NEGATIVE_INFINITY), visit);
	}

	/** Not what comes so late that it must be something else. */
	#tell(index: number, cause: number | undefined, visit: VisitCause): void {
		if (cause === undefined || cause === index) return;
		const item = this.#items[index] as Item;
		if (this.#timeOf(cause) <= item.t + precisionOf(item)) visit(cause);
	}

	#causeOf(index: number, item: Item, own: Part, other: Part): number | undefined {
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
				// An own decision answers nothing, and is told once the RST has left (net/ipv4/tcp_output.c,
				// `tcp_send_active_reset`).
				return /ABORT|CLOSE|LINGER|DISCONNECT/.test(event.reason ?? '')
					? undefined
					: this.#first(index, other.segments);
			default:
				return undefined;
		}
	}

	#causeOfState(index: number, { from, to }: State, own: Part, other: Part): number | undefined {
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

	#causeOfReturn(index: number, call: Call, own: Part, other: Part): number | undefined {
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
				: other.sent.covering(own.read.get(index) ?? 0);
		}
		// A wait that slept was woken by what came after it began.
		const slept = isCall(name, 'poll') && this.#timeOf(index) - t > PRECISION;
		return slept ? this.#arrival(index, other, ({ flags, length }) => length > 0 || /[SFR]/.test(flags), t) : undefined;
	}

	#call(index: number, own: Part, name: RegExp, since?: number): number | undefined {
		return this.#first(
			index,
			own.calls,
			(at) => name.test((this.#items[at] as Item & { event: Call }).event.name),
			since,
		);
	}

	#arrival(index: number, other: Part, is: (segment: Segment) => boolean, since?: number): number | undefined {
		const fits = (at: number) => this.#segment(at).fate === 'delivered' && is(this.#segment(at));
		return this.#first(index, other.segments, fits, since);
	}

	/** What acknowledged the last of these. */
	#answerTo(sent: readonly number[], index: number, other: Part): number | undefined {
		const last = sent[Math.max(0, firstWhere(sent.length, (at) => (sent[at] as number) >= index) - 1)];
		return last === undefined ? undefined : other.acknowledging.get(endOf(this.#segment(last)));
	}

	/**
	 * The first that fits, since then and not much later. Of several the first is the safe choice: what came after it may
	 * be an effect itself, and must not be taken for the cause.
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
			let at = firstWhere(among.length, (place) => this.#timeOf(among[place] as number) >= from);
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

function addSegment(part: Part, index: number, segment: Segment): void {
	const { absolute, length, flags, seq, fate } = segment;
	part.segments.push(index);
	if (flags.includes('S')) part.syns.push(index);
	if (flags.includes('F')) part.fins.push(index);
	if (fate !== 'delivered') return;
	const end = endOf(segment);
	if (end !== absolute.seq && !part.ends.has(end)) part.ends.set(end, index);
	if (flags.includes('.') && !part.acknowledging.has(absolute.ack)) part.acknowledging.set(absolute.ack, index);
	if (length > 0) part.sent.add(index, seq + length - 1);
}

function addCall(part: Part, index: number, call: Call, place: Item['part']): void {
	if (place !== 'end') part.calls.push(index);
	const bytes = call.errno === undefined ? (call.returned ?? Number.POSITIVE_INFINITY) : 0;
	if (isCallOf(call, 'write') && place !== 'end') part.written.add(index, part.written.last + Math.max(0, bytes));
	if (isCallOf(call, 'read') && place !== 'begin' && Number.isFinite(bytes)) {
		part.bytesRead += Math.max(0, bytes);
		part.read.set(index, part.bytesRead);
	}
}

/** The absolute number that acknowledges it. */
function endOf({ absolute, length, flags }: Segment): number {
	return (absolute.seq + length + (flags.includes('S') || flags.includes('F') ? 1 : 0)) >>> 0;
}

function precisionOf({ event, part }: Item): number {
	// What woke a wait is not known for certain; what connected, or was read, is.
	if (event?.kind === 'call' && part === 'end' && !isCall(event.name, 'poll')) return RETURN_PRECISION;
	return event?.kind === 'state' && event.how === 'sampled' ? SAMPLE_PRECISION : PRECISION;
}

function isReset({ flags }: Segment): boolean {
	return flags.includes('R');
}

function isFin({ flags }: Segment): boolean {
	return flags.includes('F');
}

/** The first place from which on something holds, among `count`. */
function firstWhere(count: number, holds: (at: number) => boolean): number {
	let [low, high] = [0, count];
	while (low < high) {
		const middle = (low + high) >> 1;
		if (holds(middle)) high = middle;
		else low = middle + 1;
	}
	return low;
}
