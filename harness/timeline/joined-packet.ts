import type { CapturedIcmp, CapturedSegment, Endpoint } from '../formats/types.ts';
import type { EndpointPair } from './endpoint-pair.ts';
import type { EventOf, HostName } from './events.ts';
import type { ConnectionEnd, Numbers } from './numbering.ts';
import type { Observation, Observations } from './pairing.ts';

/** The way from one endpoint to another. */
export interface Flow {
	readonly id: number;
	/** The host whose loopback it is; undefined for the wire. */
	readonly at: HostName | undefined;
	readonly from: Endpoint;
	readonly to: Endpoint;
	readonly connection: EndpointPair;
	readonly end: ConnectionEnd;
}

const NONE: readonly never[] = [];

/** Packets that are alike in everything, and what was observed of them. */
export class IdenticalPackets {
	readonly packet: CapturedSegment | CapturedIcmp;
	/** Undefined for ICMP. */
	readonly flow: Flow | undefined;
	readonly sender: HostName | undefined;
	/** The host on whose loopback they are; undefined for the wire. */
	readonly at: HostName | undefined;
	readonly isForged: boolean;
	readonly next: IdenticalPackets | undefined;
	left: Observation | undefined;
	arrived: Observation | undefined;
	dropped: Observation | undefined;
	packets: readonly JoinedPacket[] = NONE;

	constructor(
		packet: CapturedSegment | CapturedIcmp,
		flow: Flow | undefined,
		sender: HostName | undefined,
		at: HostName | undefined,
		isForged: boolean,
		next: IdenticalPackets | undefined,
	) {
		this.packet = packet;
		this.flow = flow;
		this.sender = sender;
		this.at = at;
		this.isForged = isForged;
		this.next = next;
	}
}

export const isSame = (one: Endpoint, other: Endpoint) => one.port === other.port && one.address === other.address;

export function hashOf({ seq, ack, ipId, length, options: { timestamp } }: CapturedSegment, { id }: Flow): number {
	let hash = id;
	for (const value of [seq, ack, ipId, length, timestamp?.value ?? 0]) hash = (Math.imul(hash, 31) + value) | 0;
	return hash;
}

/** What tells packets in one flow apart. */
export function isAlike(one: IdenticalPackets['packet'], other: CapturedSegment): boolean {
	return (
		one.kind === 'segment' &&
		one.seq === other.seq &&
		one.ack === other.ack &&
		one.ipId === other.ipId &&
		one.length === other.length &&
		one.flags === other.flags &&
		one.window === other.window &&
		one.options.timestamp?.value === other.options.timestamp?.value &&
		one.options.timestamp?.echo === other.options.timestamp?.echo
	);
}

/** A packet, as far as it is known. */
export class JoinedPacket {
	readonly group: IdenticalPackets;
	seen: Observations;
	/** Where it stands in the history, seconds since the epoch. */
	t: number;
	readonly order: number;
	removed = false;
	numbers: Numbers | undefined;
	answers: JoinedPacket | undefined;
	answer: JoinedPacket | undefined;
	/** As it was told last; undefined where that is to be told anew. */
	event: EventOf<'segment'> | EventOf<'icmp'> | undefined;

	constructor(group: IdenticalPackets, seen: Observations) {
		this.group = group;
		this.seen = seen;
		this.t = this.seenAt;
		this.order = this.first.order;
	}

	get first(): Observation {
		return firstOf(this.seen) as Observation;
	}

	get packet(): IdenticalPackets['packet'] {
		return this.group.packet;
	}

	get seenAt(): number {
		return this.first.t;
	}

	get seenBy(): HostName {
		return this.first.host;
	}

	/** Its own sender's firewall stopped it, before any capture. */
	get stopped(): boolean {
		return !this.seen.left && !this.seen.arrived && this.seenBy === this.group.sender;
	}
}

export function identityOfIcmp({ from, to, type, code, ipId, rest, quotes }: CapturedIcmp): string {
	const quoted =
		quotes && `${quotes.from.address}:${quotes.from.port} ${quotes.to.address}:${quotes.to.port} ${quotes.seq}`;
	return `icmp ${from} ${to} ${type} ${code} ${ipId} ${rest} ${quoted}`;
}

/**
 * A microsecond before its answer, where the log of what the sender's own firewall stopped was read only after that.
 */
export function timeOf({ seenAt, stopped, answer }: JoinedPacket): number {
	return stopped && answer ? Math.min(seenAt, answer.seenAt - 1e-6) : seenAt;
}

export function firstOf(seen: Observations | undefined): Observation | undefined {
	return seen?.left ?? seen?.arrived ?? seen?.dropped;
}
