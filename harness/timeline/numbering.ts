import type { CapturedSegment } from '../formats/types.ts';

/** An end of a connection: 0 or 1, in any order. Both ends of a socket that is connected to itself are 0. */
export type ConnectionEnd = 0 | 1;

/** The relative numbers of a segment: relative to the SYN of each side or, if none was seen, to its first segment. */
export interface Numbers {
	readonly seq: number;
	readonly ack: number;
	readonly sack: readonly { readonly from: number; readonly to: number }[] | undefined;
	/** Whether the same sequence numbers were on the wire before. */
	readonly retransmission: boolean;
}

type Numbered = Pick<CapturedSegment, 'flags' | 'seq' | 'ack' | 'length' | 'options'>;

/** The numbers that one side of a connection has sent. */
interface Side {
	/** The initial sequence number; undefined until it is known. */
	first: number | undefined;
	/** The number after the last one that was sent, relative to `first`. It continues beyond 2^32. */
	next: number;
	/** The number after the last one that was on the wire, relative to `first`. */
	onWire: number;
	/** Whether a SYN, or a SYN-ACK, was on the wire. */
	syn: boolean;
	synAck: boolean;
}

/** A connection between two endpoints, which may have several, one after the other. */
type Connection = readonly [Side, Side];

/**
 * How many connections of the same endpoints are kept: late segments of earlier ones may arrive while the next begins.
 */
const MAX_CONNECTIONS = 4;

/**
 * Computes relative numbers for all connections of two endpoints. A segment may belong to an earlier connection: a
 * challenge ACK (RFC 5961, 4.2), the answer to it, and segments from TIME-WAIT have its numbers. A segment belongs to
 * the latest connection that its numbers fit.
 */
export class Numbering {
	/** The connections, the latest first. */
	readonly #connections: Connection[];
	readonly #isSelfConnection: boolean;

	constructor(isSelfConnection = false, connections: readonly Connection[] = []) {
		this.#isSelfConnection = isSelfConnection;
		this.#connections = connections.map(([one, other]) => this.#between({ ...one }, { ...other }));
	}

	/** Returns an independent copy. */
	copy(): Numbering {
		return new Numbering(this.#isSelfConnection, this.#connections);
	}

	/**
	 * Returns the numbers of the next segment. `isOnWire` is false if the sender's own firewall dropped the segment: a
	 * later one with the same numbers is then not a retransmission.
	 */
	next(end: ConnectionEnd, segment: Numbered, isOnWire: boolean): Numbers {
		const { flags, seq, ack, length, options } = segment;
		const isReset = flags.includes('R');
		const hasAck = flags.includes('.');
		const isRefusal = isReset && hasAck && seq === 0 && !this.#connections.some((one) => fits(one, end, segment));
		const connection = isRefusal ? this.#refusedConnection(end, ack) : this.#connectionOf(end, segment);
		if (!connection) return { seq: 0, ack: 0, sack: undefined, retransmission: false };
		const [sender, receiver] = seenFrom(connection, end);
		if (sender.first === undefined && !isReset) sender.first = seq;
		const relative = isRefusal || sender.first === undefined ? 0 : relativeTo(sender, seq);
		const isSyn = flags.includes('S');
		const space = length + (isSyn || flags.includes('F') ? 1 : 0);
		const next = relative + space;
		// In a simultaneous open (RFC 9293, 3.5), the SYN-ACK has the number of the SYN before, but it is another segment.
		const wasOnWire = isSyn ? (hasAck ? sender.synAck : sender.syn) : space > 0 && next <= sender.onWire;
		if (space > 0 && !isReset) {
			sender.next = Math.max(sender.next, next);
			if (isOnWire) sender.onWire = Math.max(sender.onWire, next);
		}
		if (isSyn && isOnWire) sender[hasAck ? 'synAck' : 'syn'] = true;
		return {
			seq: relative,
			ack: hasAck && receiver.first !== undefined ? relativeTo(receiver, ack) : 0,
			sack: options.sack?.map(({ from, to }) =>
				receiver.first === undefined
					? { from, to }
					: { from: relativeTo(receiver, from), to: relativeTo(receiver, to) },
			),
			retransmission: wasOnWire && !isReset,
		};
	}

	/**
	 * Returns the connection that a RST refuses. A RST that answers a SYN has sequence number 0 (RFC 9293, 3.10.7.1), so
	 * its connection is found by what it acknowledges.
	 */
	#refusedConnection(end: ConnectionEnd, ack: number): Connection | undefined {
		return this.#connections.find((one) => acknowledges(one, end, ack)) ?? this.#connections[0];
	}

	#connectionOf(end: ConnectionEnd, segment: Numbered): Connection | undefined {
		const { flags, seq } = segment;
		if (flags.includes('S')) return flags.includes('.') ? this.#ofSynAck(end, segment) : this.#ofSyn(end, seq);
		const fitting = this.#connections.find((one) => fits(one, end, segment)) ?? this.#connections[0];
		if (fitting || flags.includes('R')) return fitting;
		return this.#begin(end, newSide(seq), newSide());
	}

	#ofSyn(end: ConnectionEnd, seq: number): Connection {
		const [latest] = this.#connections;
		const known = this.#connections.find((one) => seenFrom(one, end)[0].first === seq);
		if (known) return known;
		if (latest) {
			const [sender, receiver] = seenFrom(latest, end);
			// Simultaneous open (RFC 9293, 3.5).
			if (sender.first === undefined && receiver.next === 1 && receiver.first !== undefined) return latest;
		}
		return this.#begin(end, newSide(seq), newSide());
	}

	#ofSynAck(end: ConnectionEnd, { seq, ack }: Numbered): Connection {
		const answered = this.#connections.find((one) => acknowledges(one, end, ack));
		// The SYN was not seen. Its number is one less than what the SYN-ACK acknowledges.
		if (!answered) return this.#begin(end, newSide(seq), { ...newSide((ack - 1) >>> 0), next: 1 });
		const [sender, receiver] = seenFrom(answered, end);
		if (sender.first === undefined || sender.first === seq) return answered;
		// The same SYN was answered again, with another initial number.
		return this.#begin(end, newSide(seq), { ...receiver });
	}

	#begin(end: ConnectionEnd, sender: Side, receiver: Side): Connection {
		const connection = end === 0 ? this.#between(sender, receiver) : this.#between(receiver, sender);
		this.#connections.unshift(connection);
		this.#connections.length = Math.min(this.#connections.length, MAX_CONNECTIONS);
		return connection;
	}

	#between(one: Side, other: Side): Connection {
		return [one, this.#isSelfConnection ? one : other];
	}
}

function newSide(first?: number): Side {
	return { first, next: 0, onWire: 0, syn: false, synAck: false };
}

function seenFrom(connection: Connection, end: ConnectionEnd): readonly [sender: Side, receiver: Side] {
	return end === 0 ? connection : [connection[1], connection[0]];
}

/**
 * Whether the numbers of a segment fit a connection: they are not beyond what was sent. A keepalive or window probe has
 * the number before the next one.
 */
function fits(connection: Connection, end: ConnectionEnd, { flags, seq, ack }: Numbered): boolean {
	const [sender] = seenFrom(connection, end);
	const hasAck = flags.includes('.');
	if (hasAck && !acknowledges(connection, end, ack) && seenFrom(connection, end)[1].first !== undefined) return false;
	if (sender.first === undefined) return hasAck && acknowledges(connection, end, ack);
	const relative = relativeTo(sender, seq);
	return relative >= -1 && relative <= sender.next;
}

function acknowledges(connection: Connection, end: ConnectionEnd, ack: number): boolean {
	const [, receiver] = seenFrom(connection, end);
	if (receiver.first === undefined) return false;
	const relative = relativeTo(receiver, ack);
	return relative >= 0 && relative <= receiver.next;
}

/**
 * Converts a number of a side to a relative one. Of the relative numbers that are equal modulo 2^32, it returns the one
 * nearest to `next`.
 */
function relativeTo({ first = 0, next }: Side, number: number): number {
	return next + ((number - first - next) | 0);
}
