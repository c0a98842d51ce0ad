import type { CapturedSegment } from '../formats/types.ts';

/** One end of a connection: 0 and 1, in any order. Both ends of a socket that is connected to itself are 0. */
export type ConnectionEnd = 0 | 1;

/** Numbers as a reader wants them: counted from each side's SYN, or from the first number seen where there was none. */
export interface Numbers {
	readonly seq: number;
	readonly ack: number;
	readonly sack: readonly { readonly from: number; readonly to: number }[] | undefined;
	/** Whether the same bytes were on the wire before. */
	readonly retransmission: boolean;
}

type Numbered = Pick<CapturedSegment, 'flags' | 'seq' | 'ack' | 'length' | 'options'>;

/** What one side of a connection has sent. */
interface Side {
	/** Its initial number; undefined until one is known. */
	first: number | undefined;
	/** Behind the last that it sent, counted from `first`. Beyond 2^32 it goes on. */
	next: number;
	/** Behind the last that was on the wire. */
	onWire: number;
	/** Which SYNs were on the wire. */
	syn: boolean;
	synAck: boolean;
}

/** One connection between two endpoints, of several that they had one after the other. */
type Connection = readonly [Side, Side];

/**
 * How many earlier connections of the same endpoints are remembered: what is left of them comes while the next begins.
 */
const REMEMBERED = 4;

/**
 * The numbers of all connections that two endpoints had. A segment need not belong to the latest: a challenge ACK (RFC
 * 5961, 4.2), what answers it, and what comes out of TIME-WAIT have the numbers of an earlier one. It belongs to the
 * latest to which they fit.
 */
export class Numbering {
	/** The latest first. */
	readonly #connections: Connection[];
	readonly #isWithItself: boolean;

	constructor(isWithItself = false, connections: readonly Connection[] = []) {
		this.#isWithItself = isWithItself;
		this.#connections = connections.map(([one, other]) => this.#between({ ...one }, { ...other }));
	}

	/** The same, to go on from here more than once. */
	copy(): Numbering {
		return new Numbering(this.#isWithItself, this.#connections);
	}

	/**
	 * The numbers of what is sent next. `isOnWire` is false for what its sender's own firewall stopped: it cannot be on
	 * the wire *again* later.
	 */
	next(end: ConnectionEnd, segment: Numbered, isOnWire: boolean): Numbers {
		const { flags, seq, ack, length, options } = segment;
		const isReset = flags.includes('R');
		const acks = flags.includes('.');
		const isRefusal = isReset && acks && seq === 0 && !this.#connections.some((one) => fits(one, end, segment));
		const connection = isRefusal ? this.#refused(end, ack) : this.#connectionOf(end, segment);
		if (!connection) return { seq: 0, ack: 0, sack: undefined, retransmission: false };
		const [sender, receiver] = seenFrom(connection, end);
		if (sender.first === undefined && !isReset) sender.first = seq;
		const relative = isRefusal || sender.first === undefined ? 0 : counted(sender, seq);
		const isSyn = flags.includes('S');
		const space = length + (isSyn || flags.includes('F') ? 1 : 0);
		const behind = relative + space;
		// The SYN-ACK of who had sent a SYN (simultaneous open; RFC 9293, 3.5) has that number again, but it is another
		// segment.
		const wasThere = isSyn ? (acks ? sender.synAck : sender.syn) : space > 0 && behind <= sender.onWire;
		if (space > 0 && !isReset) {
			sender.next = Math.max(sender.next, behind);
			if (isOnWire) sender.onWire = Math.max(sender.onWire, behind);
		}
		if (isSyn && isOnWire) sender[acks ? 'synAck' : 'syn'] = true;
		return {
			seq: relative,
			ack: acks && receiver.first !== undefined ? counted(receiver, ack) : 0,
			sack: options.sack?.map(({ from, to }) =>
				receiver.first === undefined ? { from, to } : { from: counted(receiver, from), to: counted(receiver, to) },
			),
			retransmission: wasThere && !isReset,
		};
	}

	/**
	 * A RST that answers a SYN carries no number of its own (RFC 9293, 3.10.7.1); it is known by what it acknowledges.
	 */
	#refused(end: ConnectionEnd, ack: number): Connection | undefined {
		return this.#connections.find((one) => acknowledges(one, end, ack)) ?? this.#connections[0];
	}

	#connectionOf(end: ConnectionEnd, segment: Numbered): Connection | undefined {
		const { flags, seq } = segment;
		if (flags.includes('S')) return flags.includes('.') ? this.#ofSynAck(end, segment) : this.#ofSyn(end, seq);
		const fitting = this.#connections.find((one) => fits(one, end, segment)) ?? this.#connections[0];
		if (fitting || flags.includes('R')) return fitting;
		return this.#begin(end, side(seq), side());
	}

	#ofSyn(end: ConnectionEnd, seq: number): Connection {
		const [latest] = this.#connections;
		const known = this.#connections.find((one) => seenFrom(one, end)[0].first === seq);
		if (known) return known;
		if (latest) {
			const [sender, receiver] = seenFrom(latest, end);
			// Both connect at once (RFC 9293, 3.5).
			if (sender.first === undefined && receiver.next === 1 && receiver.first !== undefined) return latest;
		}
		return this.#begin(end, side(seq), side());
	}

	#ofSynAck(end: ConnectionEnd, { seq, ack }: Numbered): Connection {
		const answered = this.#connections.find((one) => acknowledges(one, end, ack));
		// Its SYN was not seen: it has the number before.
		if (!answered) return this.#begin(end, side(seq), { ...side((ack - 1) >>> 0), next: 1 });
		const [sender, receiver] = seenFrom(answered, end);
		if (sender.first === undefined || sender.first === seq) return answered;
		// The same SYN is answered anew, with another number.
		return this.#begin(end, side(seq), { ...receiver });
	}

	#begin(end: ConnectionEnd, sender: Side, receiver: Side): Connection {
		const connection = end === 0 ? this.#between(sender, receiver) : this.#between(receiver, sender);
		this.#connections.unshift(connection);
		this.#connections.length = Math.min(this.#connections.length, REMEMBERED);
		return connection;
	}

	#between(one: Side, other: Side): Connection {
		return [one, this.#isWithItself ? one : other];
	}
}

function side(first?: number): Side {
	return { first, next: 0, onWire: 0, syn: false, synAck: false };
}

function seenFrom(connection: Connection, end: ConnectionEnd): readonly [sender: Side, receiver: Side] {
	return end === 0 ? connection : [connection[1], connection[0]];
}

/**
 * Whether the numbers that a segment has could be of this connection: nothing is sent or acknowledged beyond what was.
 * A probe has the number before.
 */
function fits(connection: Connection, end: ConnectionEnd, { flags, seq, ack }: Numbered): boolean {
	const [sender] = seenFrom(connection, end);
	const acks = flags.includes('.');
	if (acks && !acknowledges(connection, end, ack) && seenFrom(connection, end)[1].first !== undefined) return false;
	if (sender.first === undefined) return acks && acknowledges(connection, end, ack);
	const relative = counted(sender, seq);
	return relative >= -1 && relative <= sender.next;
}

function acknowledges(connection: Connection, end: ConnectionEnd, ack: number): boolean {
	const [, receiver] = seenFrom(connection, end);
	if (receiver.first === undefined) return false;
	const relative = counted(receiver, ack);
	return relative >= 0 && relative <= receiver.next;
}

/**
 * A number of a side, counted from its first: of all that are alike on the circle of 2^32 that which is nearest to what
 * it sends next.
 */
function counted({ first = 0, next }: Side, number: number): number {
	return next + ((number - first - next) | 0);
}
