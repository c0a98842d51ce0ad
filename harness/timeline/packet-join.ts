import type { CapturedIcmp, CapturedSegment, Endpoint } from '../formats/types.ts';
import { EndpointPair } from './endpoint-pair.ts';
import type { EventOf, HostName } from './events.ts';
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
import { TimeOrderedList } from './time-ordered-list.ts';

/** One observer's word on one packet. */
export interface PacketObservation {
	/** Whose capture (`left`, `arrived`) or firewall (`dropped`) it was. */
	readonly host: HostName;
	readonly boot: number;
	readonly what: 'left' | 'arrived' | 'dropped';
	/** The fault that dropped it. */
	readonly by?: string;
	/** That fault also answers what it drops. */
	readonly rejected?: boolean;
	/** Times are seconds since the epoch. */
	readonly packet: CapturedSegment | CapturedIcmp;
}

type Segment = EventOf<'segment'>;
type Icmp = EventOf<'icmp'>;

/** What turns a host's own times and addresses into the history's. */
export interface JoinContext {
	/** Seconds since the epoch to seconds since the start. */
	at(epochSeconds: number): number;
	hostOf(address: string): HostName | undefined;
	/** Whether what an observer would have told of that time is unknown. */
	isBlind(observer: 'capture' | 'firewall', host: HostName, t: number): boolean;
}

/** The captures of client and server, and their firewalls. */
const OBSERVERS = 4;

/**
 * One event for each packet, from what both captures and both firewalls saw. A packet is known by its addresses,
 * numbers, flags, length, IP identification and timestamp. Observations may come in any order; what a new one changes
 * is looked at again, and nothing else.
 */
export class PacketJoin {
	readonly #context: JoinContext;
	/** By what of a segment fits into one number; those that share it are chained. */
	readonly #groups = new Map<number, IdenticalPackets>();
	readonly #icmpGroups = new Map<string, IdenticalPackets>();
	readonly #changed = new Set<IdenticalPackets>();
	readonly #endpointPairs = new Map<string, EndpointPair>();
	readonly #flows = new Map<string, Flow>();
	#latestFlows: readonly Flow[] = [];
	readonly #answers = new FirewallAnswers<JoinedPacket>();
	readonly #inOrder = { segment: new TimeOrderedList<JoinedPacket>(), icmp: new TimeOrderedList<JoinedPacket>() };
	/** How many observations each observer has told. */
	readonly #observationCounts: number[] = [];
	#segments: readonly Segment[] | undefined;
	#icmp: readonly Icmp[] | undefined;

	constructor(context: JoinContext) {
		this.#context = context;
	}

	observe({ host, boot, what, by, rejected, packet }: PacketObservation): void {
		const observer = (what === 'dropped' ? 2 : 0) + (host === 'client' ? 0 : 1);
		const told = this.#observationCounts[observer] ?? 0;
		this.#observationCounts[observer] = told + 1;
		const order = told * OBSERVERS + observer;
		const group = this.#groupOf(host, packet);
		group[what] = { t: packet.t, host, boot, order, by, rejected, earlier: group[what] };
		this.#changed.add(group);
		this.#segments = undefined;
		this.#icmp = undefined;
	}

	/** What observers missed has changed, and so what can be said. */
	invalidate(): void {
		for (const { items } of Object.values(this.#inOrder)) for (const joined of items) joined.event = undefined;
		this.#segments = undefined;
		this.#icmp = undefined;
	}

	get segments(): readonly Segment[] {
		this.#update();
		this.#segments ??= this.#inOrder.segment.items.map((joined) => this.#segmentEvent(joined));
		return this.#segments;
	}

	get icmp(): readonly Icmp[] {
		this.#update();
		this.#icmp ??= this.#inOrder.icmp.items.map((joined) => this.#icmpEvent(joined));
		return this.#icmp;
	}

	#segmentEvent(joined: JoinedPacket): Segment {
		joined.event ??= segmentOf(joined, this.#context);
		return joined.event as Segment;
	}

	#icmpEvent(joined: JoinedPacket): Icmp {
		joined.event ??= icmpOf(joined, this.#context, this.#relativeOf(joined));
		return joined.event as Icmp;
	}

	/** How many RSTs and ICMP messages left that answered what a fault rejected. */
	countAnswersTo(fault: string): number {
		this.#update();
		return this.#answers.count(fault);
	}

	#groupOf(host: HostName, packet: PacketObservation['packet']): IdenticalPackets {
		const sender = this.#context.hostOf(addressOf(packet.from));
		const isLoopback = packet.loopback === true;
		// Who gets a packet of the other host over its own loopback has made it itself.
		const isForged = isLoopback && sender !== undefined && sender !== host;
		const at = isLoopback ? host : undefined;
		if (packet.kind === 'icmp') {
			const identity = `${at} ${identityOfIcmp(packet)}`;
			const known = this.#icmpGroups.get(identity);
			if (known) return known;
			const group = new IdenticalPackets(packet, undefined, sender, at, isForged, undefined);
			this.#icmpGroups.set(identity, group);
			return group;
		}
		const flow = this.#flowOf(isForged ? undefined : at, packet.from, packet.to);
		const hash = hashOf(packet, flow);
		const latest = this.#groups.get(hash);
		for (let known = latest; known; known = known.next)
			if (known.flow === flow && known.at === at && isAlike(known.packet, packet)) return known;
		// Without the record that it was read from, and with addresses that are there only once.
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
		const group = new IdenticalPackets(kept, flow, sender, at, isForged, latest);
		this.#groups.set(hash, group);
		return group;
	}

	#flowOf(at: HostName | undefined, from: Endpoint, to: Endpoint): Flow {
		// Mostly of the connection that the packet before was of, one way or the other.
		for (const flow of this.#latestFlows)
			if (flow.at === at && isSame(flow.from, from) && isSame(flow.to, to)) return flow;
		const names = [`${from.address}:${from.port}`, `${to.address}:${to.port}`] as const;
		const key = `${at} ${names[0]}>${names[1]}`;
		const known = this.#flows.get(key) ?? this.#newFlow(at, from, to, names);
		this.#flows.set(key, known);
		this.#latestFlows = [known, ...this.#latestFlows.slice(0, 1)];
		return known;
	}

	#newFlow(at: HostName | undefined, from: Endpoint, to: Endpoint, names: readonly [string, string]): Flow {
		const ends = [...names].sort();
		const pair = `${at} ${ends.join(' ')}`;
		const connection = this.#endpointPairs.get(pair) ?? new EndpointPair(names[0] === names[1]);
		this.#endpointPairs.set(pair, connection);
		return {
			id: this.#flows.size,
			at,
			from: { ...from },
			to: { ...to },
			connection,
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
		for (const connection of renumbered) connection.update();
		for (const ordered of Object.values(this.#inOrder)) ordered.update();
	}

	#pair(group: IdenticalPackets, renumbered: Set<EndpointPair>): void {
		const all = pairObservations(group, group.at ? undefined : group.sender);
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
			group.flow?.connection.add(joined);
			if (group.flow) renumbered.add(group.flow.connection);
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
		const places = [this.#inOrder[joined.group.packet.kind], joined.group.flow?.connection.inOrder];
		for (const place of places) {
			place?.markChanged(joined.t);
			place?.markChanged(t);
		}
		joined.t = t;
		joined.event = undefined;
		if (joined.group.flow) renumbered.add(joined.group.flow.connection);
	}

	/** The relative number of the segment that a message quotes; undefined where nobody saw it. */
	#relativeOf({ group: { packet, at }, t }: JoinedPacket): number | undefined {
		if (packet.kind === 'segment' || !packet.quotes) return undefined;
		const { from, to, seq } = packet.quotes;
		const isOfHostItself =
			at !== undefined && [from, to].every(({ address }) => (this.#context.hostOf(address) ?? at) === at);
		const flow = this.#flowOf(isOfHostItself ? at : undefined, from, to);
		return flow.connection.lastBefore(
			t,
			(joined) =>
				joined.group.flow === flow && joined.group.packet.kind === 'segment' && joined.group.packet.seq === seq,
		)?.numbers?.seq;
	}
}

const addressOf = (end: Endpoint | string) => (typeof end === 'string' ? end : end.address);
