import type { CapturedIcmp, CapturedSegment, Endpoint } from '../formats/types.ts';
import { EndpointPair } from './endpoint-pair.ts';
import {
	type IcmpEvent,
	MACHINE_NAMES,
	type MachineName,
	NODE_NAMES,
	type NodeName,
	type SegmentEvent,
} from './events.ts';
import { FirewallAnswers } from './firewall-answers.ts';
import {
	type Flow,
	firstOf,
	hashOf,
	IdenticalPackets,
	identityOfIcmp,
	isAlike,
	isSame,
	JoinedPacket,
	timeOf,
} from './joined-packet.ts';
import { icmpOf, segmentOf } from './packet-events.ts';
import { type Observations, pairObservations } from './pairing.ts';
import type { Passage } from './passage.ts';
import { TimeOrderedList } from './time-ordered-list.ts';
import { type BothSides, type Ends, isSameEnds } from './translations.ts';

/** An observation of a packet by a capture (`left`, `arrived`) or a firewall's log (`dropped`). */
export interface PacketObservation {
	/** The machine of the capture or firewall. What is dropped on the wire has left, and does not arrive. */
	readonly host: MachineName;
	readonly boot: number;
	readonly what: 'left' | 'arrived' | 'dropped' | 'relayed';
	/** The fault that dropped it. */
	readonly by?: string;
	/** Whether the rule of that fault also answers the packet (REJECT). */
	readonly rejected?: boolean;
	/** For `relayed`: what the relay does with it. */
	readonly passage?: Passage;
	/** Its `t` is in seconds since the epoch. */
	readonly packet: CapturedSegment | CapturedIcmp;
}

/** What the join needs from the history. */
export interface JoinContext {
	/** Converts seconds since the epoch to seconds since the start of the history. */
	at(epochSeconds: number): number;
	/** Returns the node with this address. */
	hostOf(address: string): NodeName | undefined;
	/** Whether there is a router between the hosts. */
	readonly isRouted: boolean;
	/** Returns the endpoints of a packet on both sides of the router, at a time in seconds since the epoch. */
	sidesOf(ends: Ends, t: number): BothSides;
	/** How long a packet may be in transit, in seconds. */
	readonly transitLimit: number;
	/** Whether the observer had a loss at that time, so that what it would have reported is unknown. */
	isBlind(observer: 'capture' | 'firewall' | 'conntrack' | 'relay', host: MachineName, t: number): boolean;
}

/** The captures of all nodes. */
const CAPTURES = NODE_NAMES.length;
const RELAY = CAPTURES + MACHINE_NAMES.length;
/** The number of observers: the captures, the firewalls of nodes and wire, and the relay. */
const OBSERVERS = RELAY + 1;

/**
 * Joins the observations of both captures and both firewall logs into one event per packet. Observations are of the
 * same packet if addresses, numbers, flags, length, IP identification, timestamp and SACK blocks are equal. They may be
 * added in any order. A new observation updates only the events that depend on it.
 */
export class PacketJoin {
	readonly #context: JoinContext;
	/** Groups by the hash of their segments. Groups with the same hash are chained by `next`. */
	readonly #groups = new Map<number, IdenticalPackets>();
	readonly #icmpGroups = new Map<string, IdenticalPackets>();
	readonly #changed = new Set<IdenticalPackets>();
	readonly #endpointPairs = new Map<string, EndpointPair>();
	readonly #flows = new Map<string, Flow>();
	#latestFlows: readonly Flow[] = [];
	readonly #passages = new Map<Passage, IdenticalPackets>();
	readonly #answers = new FirewallAnswers<JoinedPacket>();
	readonly #inOrder = { segment: new TimeOrderedList<JoinedPacket>(), icmp: new TimeOrderedList<JoinedPacket>() };
	/** The number of observations of each observer. */
	readonly #observationCounts: number[] = [];
	#segments: readonly SegmentEvent[] | undefined;
	#icmp: readonly IcmpEvent[] | undefined;

	constructor(context: JoinContext) {
		this.#context = context;
	}

	observe({ host, boot, what, by, rejected, passage, packet }: PacketObservation): void {
		const observer = what === 'relayed' ? RELAY : (what === 'dropped' ? CAPTURES : 0) + MACHINE_NAMES.indexOf(host);
		const count = this.#observationCounts[observer] ?? 0;
		this.#observationCounts[observer] = count + 1;
		const order = count * OBSERVERS + observer;
		const group = this.#groupOf(host, packet);
		const kind = kindOf(group, host, what);
		const ends = this.#context.isRouted ? endsOf(group, packet) : undefined;
		group[kind] = {
			...{ t: packet.t, host, boot, order, by, rejected },
			...(ends && { ends }),
			...(passage && { passage }),
			earlier: group[kind],
		};
		if (passage) this.#passages.set(passage, group);
		this.#changed.add(group);
		this.#segments = undefined;
		this.#icmp = undefined;
	}

	/** Joins again what depends on a passage, which has changed. */
	changed(passage: Passage): void {
		const group = this.#passages.get(passage);
		if (group) this.#changed.add(group);
		this.#segments = undefined;
		this.#icmp = undefined;
	}

	/** Discards all events, because fates depend on the losses of observers, and these have changed. */
	invalidate(): void {
		for (const { items } of Object.values(this.#inOrder)) for (const joined of items) joined.event = undefined;
		this.#segments = undefined;
		this.#icmp = undefined;
	}

	get segments(): readonly SegmentEvent[] {
		this.#update();
		this.#segments ??= this.#inOrder.segment.items.map((joined) => this.#segmentEvent(joined));
		return this.#segments;
	}

	get icmp(): readonly IcmpEvent[] {
		this.#update();
		this.#icmp ??= this.#inOrder.icmp.items.map((joined) => this.#icmpEvent(joined));
		return this.#icmp;
	}

	#segmentEvent(joined: JoinedPacket): SegmentEvent {
		joined.event ??= segmentOf(joined, this.#context);
		return joined.event as SegmentEvent;
	}

	#icmpEvent(joined: JoinedPacket): IcmpEvent {
		joined.event ??= icmpOf(joined, this.#context, this.#relativeOf(joined));
		return joined.event as IcmpEvent;
	}

	/** Returns how many RSTs and ICMP messages left a host as answers to packets that a fault rejected. */
	countAnswersTo(fault: string): number {
		this.#update();
		return this.#answers.count(fault);
	}

	#groupOf(host: MachineName, packet: PacketObservation['packet']): IdenticalPackets {
		const sender = this.#context.hostOf(addressOf(packet.from));
		const isLoopback = packet.loopback === true;
		// A packet on a host's loopback with the address of the other host was made by the firewall of the first host.
		const isForged = isLoopback && sender !== undefined && sender !== host;
		const loopbackHost = isLoopback && host !== 'wire' ? host : undefined;
		if (packet.kind === 'icmp') {
			const identity = `${loopbackHost} ${identityOfIcmp(packet)}`;
			const known = this.#icmpGroups.get(identity);
			if (known) return known;
			const ends = { sender, receiver: this.#context.hostOf(packet.to) };
			const group = new IdenticalPackets(packet, undefined, ends, loopbackHost, isForged, undefined);
			this.#icmpGroups.set(identity, group);
			return group;
		}
		const flow = this.#flowOf(isForged ? undefined : loopbackHost, packet, packet.t);
		const hash = hashOf(packet, flow);
		const latest = this.#groups.get(hash);
		for (let known = latest; known; known = known.next)
			if (known.flow === flow && known.loopbackHost === loopbackHost && isAlike(known.packet, packet)) return known;
		// A copy without the packet's pcap record. Packets of one flow share their endpoint objects.
		const { kind, t, flags, seq, ack, window, length, ipId, options } = packet;
		const kept: CapturedSegment = {
			kind,
			t,
			from: flow.from,
			to: flow.to,
			flags,
			seq,
			ack,
			window,
			length,
			ipId,
			options,
		};
		const nodes = loopbackHost === undefined ? flow : { sender, receiver: flow.receiver };
		const group = new IdenticalPackets(kept, flow, nodes, loopbackHost, isForged, latest);
		this.#groups.set(hash, group);
		return group;
	}

	/** Returns the flow of a packet with these ends that was seen at `t`, in seconds since the epoch. */
	#flowOf(loopbackHost: NodeName | undefined, ends: Ends, t: number): Flow {
		const { isRouted } = this.#context;
		if (isRouted && loopbackHost === undefined) return this.#flowBetween(this.#context.sidesOf(ends, t));
		const { from, to } = ends;
		// Most packets belong to the same connection as the packet before, in either direction.
		for (const flow of this.#latestFlows)
			if (flow.loopbackHost === loopbackHost && isSame(flow.from, from) && isSame(flow.to, to)) return flow;
		const names = namesOf(ends);
		const key = `${loopbackHost} ${names[0]}>${names[1]}`;
		const known = this.#flows.get(key) ?? this.#newFlow(loopbackHost, ends, undefined, ends.to);
		this.#flows.set(key, known);
		this.#latestFlows = [known, ...this.#latestFlows.slice(0, 1)];
		return known;
	}

	/** Returns the flow of packets that a router may translate. */
	#flowBetween({ sent, arriving, common }: BothSides): Flow {
		const key = [common, sent].map((ends) => namesOf(ends).join('>')).join(' ');
		const translated = isSameEnds(sent, common) ? undefined : sent;
		const known = this.#flows.get(key) ?? this.#newFlow(undefined, common, translated, arriving.to);
		this.#flows.set(key, known);
		return known;
	}

	#newFlow(loopbackHost: NodeName | undefined, { from, to }: Ends, sent: Ends | undefined, receiver: Endpoint): Flow {
		const names = namesOf({ from, to });
		const ends = [...names].sort();
		const pair = `${loopbackHost} ${ends.join(' ')}`;
		const endpointPair = this.#endpointPairs.get(pair) ?? new EndpointPair(names[0] === names[1]);
		this.#endpointPairs.set(pair, endpointPair);
		return {
			id: this.#flows.size,
			loopbackHost,
			from: { ...from },
			to: { ...to },
			sent,
			sender: this.#context.hostOf((sent?.from ?? from).address),
			receiver: this.#context.hostOf(receiver.address),
			endpointPair,
			end: names[0] === ends[0] ? 0 : 1,
		};
	}

	#update(): void {
		if (this.#changed.size === 0) return;
		const renumbered = new Set<EndpointPair>();
		for (const group of this.#changed) this.#pair(group, renumbered);
		this.#changed.clear();
		this.#answers.update((joined) => {
			this.#reposition(joined, timeOf(joined), renumbered);
		});
		for (const pair of renumbered) pair.update();
		for (const ordered of Object.values(this.#inOrder)) ordered.update();
	}

	#pair(group: IdenticalPackets, renumbered: Set<EndpointPair>): void {
		const { loopbackHost, sender, receiver } = group;
		const all = pairObservations(group, loopbackHost ? undefined : sender, loopbackHost ? undefined : receiver);
		const areSame =
			all.length === group.packets.length &&
			all.every((seen, index) => firstOf(seen) === firstOf(group.packets[index]?.seen));
		if (areSame) {
			for (const [index, joined] of group.packets.entries()) this.#updatePacket(joined, all[index] as Observations);
			return;
		}
		for (const joined of group.packets) {
			joined.removed = true;
			this.#answers.remove(joined);
			this.#reposition(joined, joined.t, renumbered);
		}
		group.packets = all.map((seen) => {
			const joined = new JoinedPacket(group, seen);
			this.#inOrder[group.packet.kind].add(joined);
			group.flow?.endpointPair.add(joined);
			if (group.flow) renumbered.add(group.flow.endpointPair);
			this.#answers.add(joined);
			return joined;
		});
	}

	#updatePacket(joined: JoinedPacket, seen: Observations): void {
		const isAnswerable = joined.seen.dropped?.rejected !== seen.dropped?.rejected;
		if (isAnswerable) this.#answers.remove(joined);
		joined.seen = seen;
		joined.event = undefined;
		if (isAnswerable) this.#answers.add(joined);
	}

	#reposition(joined: JoinedPacket, t: number, renumbered: Set<EndpointPair>): void {
		for (const list of [this.#inOrder[joined.group.packet.kind], joined.group.flow?.endpointPair.inOrder]) {
			list?.markChanged(joined.t);
			list?.markChanged(t);
		}
		joined.t = t;
		joined.event = undefined;
		if (joined.group.flow) renumbered.add(joined.group.flow.endpointPair);
	}

	/**
	 * Returns the relative sequence number of the segment that an ICMP message quotes; undefined if no capture saw it.
	 */
	#relativeOf({ group: { packet, loopbackHost }, t }: JoinedPacket): number | undefined {
		if (packet.kind === 'segment' || !packet.quotes) return undefined;
		const { from, to, seq } = packet.quotes;
		const isOfLoopback =
			loopbackHost !== undefined &&
			[from, to].every(({ address }) => (this.#context.hostOf(address) ?? loopbackHost) === loopbackHost);
		const flow = this.#flowOf(isOfLoopback ? loopbackHost : undefined, { from, to }, t);
		return flow.endpointPair.lastBefore(
			t,
			(joined) =>
				joined.group.flow === flow && joined.group.packet.kind === 'segment' && joined.group.packet.seq === seq,
		)?.numbers?.seq;
	}
}

const addressOf = (end: Endpoint | string) => (typeof end === 'string' ? end : end.address);
const namesOf = ({ from, to }: Ends) => [`${from.address}:${from.port}`, `${to.address}:${to.port}`] as const;

/** Returns what an observation shows of a packet. A router sees packets that it neither sends nor receives. */
function kindOf(
	{ loopbackHost, sender, receiver }: IdenticalPackets,
	host: MachineName,
	what: PacketObservation['what'],
): Exclude<keyof Observations, 'copies'> {
	if (host !== 'router' || loopbackHost !== undefined || what === 'dropped' || what === 'relayed') return what;
	if (what === 'arrived') return receiver === 'router' ? 'arrived' : 'entered';
	return sender === 'router' ? 'left' : 'forwarded';
}

/** Returns the endpoints of an observed segment, if they are not those with which it was sent. */
function endsOf({ flow }: IdenticalPackets, packet: PacketObservation['packet']): Ends | undefined {
	if (!flow || packet.kind !== 'segment') return undefined;
	const { from, to } = packet;
	return isSameEnds({ from, to }, flow.sent ?? flow) ? undefined : { from, to };
}
