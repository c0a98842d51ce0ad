import type { EventOf, HostName } from '../../timeline/events.ts';
import { type Call, type Item, LOOK_PRECISION, PRECISION } from './item.ts';

/**
 * The known relations between things: a segment comes after the call that sent it, an answer after what it answers, a change of state after the
 * segment or the call that caused it, a call's return and an error after what arrived. Clocks of different observers may tell otherwise within their
 * precision; then the order of a ladder follows the relation. Times stay as they were recorded.
 */
export function causesAmong(items: readonly Item[]): (index: number) => readonly number[] {
	const tracks = new Map<string, Track>();
	const before = new Map<string, number>();
	/** What one source told of one thing, one after the other. */
	const chains: (number | undefined)[] = [];
	for (const [index, item] of items.entries()) {
		const chain = chainOf(item);
		chains.push(chain === undefined ? undefined : before.get(chain));
		if (chain !== undefined) before.set(chain, index);
		if (item.connection === undefined || item.slot === 'full') continue;
		const track = tracks.get(item.connection) ?? new Track();
		tracks.set(item.connection, track);
		track.add(index, item);
	}
	return (index) => {
		const item = items[index];
		const chained = chains[index];
		const known = chained === undefined ? [] : [chained];
		const causes = item?.connection === undefined ? undefined : tracks.get(item.connection)?.causesOf(index, item);
		return causes === undefined ? known : [...known, ...causes];
	};
}

/** Events of one source on one host are in the order in which they happened. */
function chainOf({ event, slot, connection = '' }: Item): string | undefined {
	switch (event?.kind) {
		case 'call':
			return `call ${event.host} ${event.peer} ${event.pid} ${event.tid ?? ''} ${event.source === 'socket' ? event.fd : ''}`;
		case 'state':
			return event.how === 'traced' ? `kernel ${event.host} ${connection}` : undefined;
		case 'reset':
			return `kernel ${event.host} ${connection}`;
		case 'error':
			return event.source === 'kernel' ? `kernel ${event.host} ${connection}` : undefined;
		case 'segment':
			return slot === 'wire' ? `capture ${event.host} ${connection}` : undefined;
		default:
			return undefined;
	}
}

type Segment = EventOf<'segment'>;
type State = EventOf<'state'>;

/** Something that may be a cause, and its place in the order of time. */
interface Entry {
	readonly index: number;
	readonly t: number;
}
interface Sent extends Entry {
	readonly segment: Segment;
}
interface Acted extends Entry {
	readonly name: string;
}
/** Bytes up to this number, counted from 1. */
interface Bytes extends Entry {
	readonly end: number;
}

/** One host's part in a connection. */
class Part {
	readonly segments: Sent[] = [];
	readonly icmp: Entry[] = [];
	readonly calls: Acted[] = [];
	readonly states: Entry[] = [];
	/** What it wrote, and what it was seen to send, in the order of the stream. */
	readonly written: Bytes[] = [];
	readonly sent: Bytes[] = [];
	/** The first segment with an end or an acknowledgement, by absolute number. */
	readonly ends = new Map<number, Entry>();
	readonly acknowledging = new Map<number, Entry>();
	readonly bySeq = new Map<number, Entry>();
	/** SYNs and FINs that it sent, and the number that acknowledges each. */
	readonly syns: Bytes[] = [];
	readonly fins: Bytes[] = [];
	/** Bytes that were read up to each return of a call. */
	readonly read = new Map<number, number>();
	bytesRead = 0;
}

const READING = /^(read|recv)/;
const WRITING = /^(write|send|splice)/;
const WRITTEN_WHOLE = Number.POSITIVE_INFINITY;

/** What happened on one connection, indexed for the search of causes. */
class Track {
	readonly #parts: Readonly<Record<HostName, Part>> = { client: new Part(), server: new Part() };

	add(index: number, item: Item): void {
		const { event, t } = item;
		if (event === undefined || !('host' in event)) return;
		const part = this.#parts[event.host];
		const entry = { index, t };
		switch (event.kind) {
			case 'segment':
				// Which end of a connection within one host sent it, nobody needs to know: its marks stand below each other.
				if (item.slot === 'wire') addSegment(part, { ...entry, segment: event });
				break;
			case 'icmp':
				part.icmp.push(entry);
				break;
			case 'call':
				addCall(part, entry, event, item.part);
				break;
			case 'state':
				part.states.push(entry);
				break;
			default:
				break;
		}
	}

	/** The indexes of what caused it; not of what comes so late that it must be something else. */
	causesOf(index: number, item: Item): number[] {
		const { event, slot, t } = item;
		if (event === undefined || !('host' in event)) return [];
		const own = this.#parts[event.host];
		const other = this.#parts[event.host === 'client' ? 'server' : 'client'];
		const at = { index, t };
		const isArrow = event.kind === 'segment' && slot === 'wire';
		const causes = isArrow ? causesOfSegment(at, event, own, other) : [this.#causeOf(at, item, own, other)];
		const latest = t + (isLook(item) ? LOOK_PRECISION : PRECISION);
		return causes.flatMap((cause) => (cause === undefined || cause.index === index || cause.t > latest ? [] : [cause.index]));
	}

	#causeOf(at: Entry, item: Item, own: Part, other: Part): Entry | undefined {
		const { event } = item;
		switch (event?.kind) {
			case 'icmp':
				return event.quotes === undefined ? undefined : other.bySeq.get(event.quotes.seq);
			case 'state':
				return causeOfState(at, event, own, other, isLook(item) ? LOOK_PRECISION : PRECISION);
			case 'call':
				return item.part === 'end' ? causeOfReturn(at, event, own, other) : undefined;
			case 'error':
				return firstSince(at, other.icmp) ?? firstSince(at, other.segments, isReset);
			case 'reset':
				if (event.direction === 'received') return firstSince(at, other.segments, isReset);
				// An own decision answers nothing, and is told once the RST has left (net/ipv4/tcp_output.c, `tcp_send_active_reset`).
				return /ABORT|CLOSE|LINGER|DISCONNECT/.test(event.reason ?? '') ? undefined : firstSince(at, other.segments);
			default:
				return undefined;
		}
	}
}

function isLook({ event }: Item): boolean {
	return event?.kind === 'sockets' || (event?.kind === 'state' && event.how === 'sampled');
}

function addSegment(part: Part, sent: Sent): void {
	const { segment, index, t } = sent;
	const { absolute, length, flags, seq, fate } = segment;
	part.segments.push(sent);
	const space = length + (/[SF]/.test(flags) ? 1 : 0);
	const entry = { index, t };
	first(part.bySeq, seq, entry);
	const acknowledged = { ...entry, end: (absolute.seq + space) >>> 0 };
	if (flags.includes('S')) part.syns.push(acknowledged);
	if (flags.includes('F')) part.fins.push(acknowledged);
	if (fate !== 'delivered') return;
	if (space > 0) first(part.ends, acknowledged.end, entry);
	if (flags.includes('.')) first(part.acknowledging, absolute.ack, entry);
	const end = seq + length - 1;
	if (length > 0 && end > (part.sent.at(-1)?.end ?? 0)) part.sent.push({ ...entry, end });
}

function addCall(part: Part, entry: Entry, call: Call, place: Item['part']): void {
	if (place !== 'end') part.calls.push({ ...entry, name: call.name });
	const bytes = call.errno === undefined ? (call.returned ?? WRITTEN_WHOLE) : 0;
	if (WRITING.test(call.name) && place !== 'end' && bytes > 0) part.written.push({ ...entry, end: (part.written.at(-1)?.end ?? 0) + bytes });
	if (READING.test(call.name) && place !== 'begin') {
		part.bytesRead += Math.max(0, bytes === WRITTEN_WHOLE ? 0 : bytes);
		part.read.set(entry.index, part.bytesRead);
	}
}

function first(entries: Map<number, Entry>, number: number, entry: Entry): void {
	if (!entries.has(number)) entries.set(number, entry);
}

function causesOfSegment(at: Entry, segment: Segment, own: Part, other: Part): (Entry | undefined)[] {
	const { flags, length, seq, absolute, retransmission } = segment;
	return [
		flags.includes('.') ? other.ends.get(absolute.ack) : undefined,
		flags.includes('R') && !flags.includes('.') ? other.acknowledging.get(absolute.seq) : undefined,
		...(retransmission
			? []
			: [
					length > 0 ? covering(own.written, seq) : undefined,
					flags.includes('S') && !flags.includes('.') ? firstSince(at, own.calls, ({ name }) => name === 'connect') : undefined,
					flags.includes('F')
						? firstSince(at, own.calls, ({ name }) => name === 'close' || name === 'shutdown', Number.NEGATIVE_INFINITY)
						: undefined,
				]),
	];
}

function causeOfState(at: Entry, { from, to }: State, own: Part, other: Part, within: number): Entry | undefined {
	const previous = own.states[lastBefore(own.states, at.index)];
	const since = previous === undefined ? Number.NEGATIVE_INFINITY : previous.t - PRECISION;
	const call = (name: RegExp) => firstSince(at, own.calls, (call) => name.test(call.name), since, within);
	const arrival = (is: (flags: string) => boolean) =>
		firstSince(at, other.segments, ({ segment }) => arrives(segment) && is(segment.flags), since, within);
	switch (to) {
		case 'SYN-SENT':
			return call(/^connect$/);
		case 'FIN-WAIT-1':
		case 'LAST-ACK':
			return call(/^(close|shutdown)$/);
		case 'SYN-RECV':
			return arrival((flags) => flags.includes('S'));
		case 'ESTAB':
			return answerTo(own.syns, at, other);
		case 'CLOSE-WAIT':
		case 'CLOSING':
			return arrival((flags) => flags.includes('F'));
		case 'FIN-WAIT-2':
			return answerTo(own.fins, at, other);
		case 'TIME-WAIT':
			return from === 'CLOSING' ? answerTo(own.fins, at, other) : arrival((flags) => flags.includes('F'));
		case 'CLOSED':
			return arrival((flags) => flags.includes('R')) ?? (from === 'LAST-ACK' ? answerTo(own.fins, at, other) : undefined);
		default:
			return undefined;
	}
}

/** What acknowledged the last of these. */
function answerTo(sent: readonly Bytes[], at: Entry, other: Part): Entry | undefined {
	const last = sent[Math.max(0, lastBefore(sent, at.index))];
	return last && other.acknowledging.get(last.end);
}

function causeOfReturn(at: Entry, call: Call, own: Part, other: Part): Entry | undefined {
	const { name, errno, returned, t } = call;
	const arrival = (is: (segment: Segment) => boolean, since = t) =>
		firstSince(at, other.segments, ({ segment }) => arrives(segment) && is(segment), since);
	if (errno === 'ECONNRESET' || errno === 'EPIPE' || errno === 'ECONNREFUSED')
		return firstSince(at, other.icmp) ?? arrival(({ flags }) => flags.includes('R'), 0);
	if (errno !== undefined && errno !== 'EINPROGRESS') return firstSince(at, other.icmp);
	if (name === 'connect') return errno === undefined ? arrival(({ flags }) => flags === 'S.') : undefined;
	if (name.startsWith('accept')) return answerTo(own.syns, at, other);
	if (READING.test(name)) {
		return returned === 0 ? arrival(({ flags }) => flags.includes('F'), Number.NEGATIVE_INFINITY) : covering(other.sent, own.read.get(at.index) ?? 0);
	}
	if (!/poll|select/.test(name) || at.t - t <= PRECISION) return undefined;
	// It slept, so what woke it came after it began.
	return arrival(({ flags, length }) => length > 0 || /[SFR]/.test(flags));
}

function arrives({ fate }: Segment): boolean {
	return fate === 'delivered';
}

function isReset({ segment }: Sent): boolean {
	return segment.flags.includes('R') && arrives(segment);
}

/** What carried or wrote this byte. */
function covering(bytes: readonly Bytes[], number: number): Bytes | undefined {
	let [low, high] = [0, bytes.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((bytes[middle]?.end ?? 0) < number) low = middle + 1;
		else high = middle;
	}
	return number > 0 ? bytes[low] : undefined;
}

/**
 * The first that fits, since then and not much later. Of several the first is the safe choice: what came after it may be an effect itself, and must not be
 * taken for the cause.
 */
function firstSince<E extends Entry>(
	{ index, t }: Entry,
	entries: readonly E[],
	fits: (entry: E) => boolean = () => true,
	since: number = t - PRECISION,
	within = PRECISION,
): E | undefined {
	let [low, high] = [0, entries.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((entries[middle]?.t ?? 0) < since) low = middle + 1;
		else high = middle;
	}
	for (let at = low; at < entries.length; at++) {
		const entry = entries[at] as E;
		if (entry.t > t + within) return undefined;
		if (entry.index !== index && fits(entry)) return entry;
	}
	return undefined;
}

/** The place of the last that comes before an index; entries are in the order of theirs. */
function lastBefore(entries: readonly Entry[], index: number): number {
	let [low, high] = [0, entries.length];
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((entries[middle]?.index ?? 0) < index) low = middle + 1;
		else high = middle;
	}
	return low - 1;
}
