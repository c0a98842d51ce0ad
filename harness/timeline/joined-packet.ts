import type { CapturedIcmp, CapturedSegment, Endpoint } from '../formats/types.ts';
import type { EndpointPair } from './endpoint-pair.ts';
import type { EventOf, MachineName, NodeName } from './events.ts';
import type { ConnectionEnd, Numbers } from './numbering.ts';
import type { Observation, Observations } from './pairing.ts';
import type { Ends } from './translations.ts';

/** One direction between two endpoints. */
export interface Flow {
	readonly id: number;
	/** The host on whose loopback it is; undefined for the wire. */
	readonly loopbackHost: NodeName | undefined;
	readonly from: Endpoint;
	readonly to: Endpoint;
	/** The endpoints with which the sender sends, if a router translates them. */
	readonly sent: Ends | undefined;
	/** The nodes with the addresses of sender and receiver. */
	readonly sender: NodeName | undefined;
	readonly receiver: NodeName | undefined;
	readonly endpointPair: EndpointPair;
	readonly end: ConnectionEnd;
}

const NONE: readonly never[] = [];

/** Packets that no observer can tell apart, and their observations. */
export class IdenticalPackets {
	readonly packet: CapturedSegment | CapturedIcmp;
	/** Undefined for ICMP. */
	readonly flow: Flow | undefined;
	readonly sender: NodeName | undefined;
	readonly receiver: NodeName | undefined;
	/** The host on whose loopback they are; undefined for the wire. */
	readonly loopbackHost: NodeName | undefined;
	/** Whether the host’s own firewall made them, with the address of the other host. */
	readonly isForged: boolean;
	readonly next: IdenticalPackets | undefined;
	left: Observation | undefined;
	entered: Observation | undefined;
	forwarded: Observation | undefined;
	relayed: Observation | undefined;
	arrived: Observation | undefined;
	dropped: Observation | undefined;
	packets: readonly JoinedPacket[] = NONE;

	constructor(
		packet: CapturedSegment | CapturedIcmp,
		flow: Flow | undefined,
		{ sender, receiver }: Pick<Flow, 'sender' | 'receiver'>,
		loopbackHost: NodeName | undefined,
		isForged: boolean,
		next: IdenticalPackets | undefined,
	) {
		this.packet = packet;
		this.flow = flow;
		this.sender = sender;
		this.receiver = receiver;
		this.loopbackHost = loopbackHost;
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

/** Whether two packets of one flow cannot be told apart. */
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
		one.options.timestamp?.echo === other.options.timestamp?.echo &&
		// Over IPv6, duplicate acknowledgements may differ in nothing else: there is no IP identification.
		isSameSack(one.options.sack, other.options.sack)
	);
}

type SackBlocks = CapturedSegment['options']['sack'];

function isSameSack(one: SackBlocks = [], other: SackBlocks = []): boolean {
	return (
		one.length === other.length &&
		one.every(({ from, to }, index) => from === other[index]?.from && to === other[index]?.to)
	);
}

/** A packet, joined from its observations so far. */
export class JoinedPacket {
	readonly group: IdenticalPackets;
	seen: Observations;
	/** Its time in the history, in seconds since the epoch. */
	t: number;
	readonly order: number;
	removed = false;
	numbers: Numbers | undefined;
	answers: JoinedPacket | undefined;
	answer: JoinedPacket | undefined;
	/** The event made of it; undefined if it must be made again. */
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

	/** Whether no host has sent it. */
	get isInjected(): boolean {
		return this.seen.relayed?.passage?.kind === 'injected';
	}

	get packet(): IdenticalPackets['packet'] {
		return this.group.packet;
	}

	get seenAt(): number {
		return this.first.t;
	}

	get seenBy(): MachineName {
		return this.first.host;
	}

	/** Whether the sender's own firewall dropped it, before any capture saw it. */
	get stopped(): boolean {
		const { left, entered, forwarded, arrived } = this.seen;
		return !(left ?? entered ?? forwarded ?? arrived) && this.seenBy === this.group.sender;
	}
}

export function identityOfIcmp({ from, to, type, code, ipId, rest, quotes }: CapturedIcmp): string {
	const quoted =
		quotes && `${quotes.from.address}:${quotes.from.port} ${quotes.to.address}:${quotes.to.port} ${quotes.seq}`;
	return `icmp ${from} ${to} ${type} ${code} ${ipId} ${rest} ${quoted}`;
}

/**
 * Returns the time of a packet in the history. A packet that the sender's own firewall dropped has the time at which
 * the log was read or, if that is later than its answer, a microsecond before the answer.
 */
export function timeOf({ seenAt, stopped, answer }: JoinedPacket): number {
	return stopped && answer ? Math.min(seenAt, answer.seenAt - 1e-6) : seenAt;
}

export function firstOf(seen: Observations | undefined): Observation | undefined {
	const first = seen?.left ?? seen?.entered ?? seen?.forwarded ?? seen?.relayed ?? seen?.arrived ?? seen?.dropped;
	return first ?? seen?.copies?.[0]?.relayed;
}
