import type { CapturedIcmp, CapturedSegment, Endpoint } from '../formats/types.ts';
import { TRANSIT_LIMIT } from './coverage.ts';
import { type EventOf, type HostName, otherHost } from './events.ts';
import { FirewallAnswers } from './firewall-answers.ts';
import { type ConnectionEnd, Numbering, type Numbers } from './numbering.ts';
import { type Observation, type Observations, pairObservations } from './pairing.ts';
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
/** From so many segments of a connection to the next the numbers are kept, to go on from there. */
const BETWEEN_CHECKPOINTS = 256;

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

	constructor(frame: JoinContext) {
		this.#context = frame;
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
		for (const { items } of Object.values(this.#inOrder)) for (const draft of items) draft.event = undefined;
		this.#segments = undefined;
		this.#icmp = undefined;
	}

	get segments(): readonly Segment[] {
		this.#update();
		this.#segments ??= this.#inOrder.segment.items.map((draft) => this.#segmentEvent(draft));
		return this.#segments;
	}

	get icmp(): readonly Icmp[] {
		this.#update();
		this.#icmp ??= this.#inOrder.icmp.items.map((draft) => this.#icmpEvent(draft));
		return this.#icmp;
	}

	#segmentEvent(draft: JoinedPacket): Segment {
		draft.event ??= segmentOf(draft, this.#context);
		return draft.event as Segment;
	}

	#icmpEvent(draft: JoinedPacket): Icmp {
		draft.event ??= icmpOf(draft, this.#context, this.#relativeOf(draft));
		return draft.event as Icmp;
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
		const path = this.#flowOf(isForged ? undefined : at, packet.from, packet.to);
		const hash = hashOf(packet, path);
		const latest = this.#groups.get(hash);
		for (let known = latest; known; known = known.next)
			if (known.path === path && known.at === at && isAlike(known.packet, packet)) return known;
		// Without the record that it was read from, and with addresses that are there only once.
		const { kind, t, flags, seq, ack, window, length, ipId, options } = packet;
		const kept: CapturedSegment = {
			kind,
			t,
			from: path.from,
			to: path.to,
			flags,
			seq,
			ack,
			window,
			length,
			ipId,
			options,
		};
		const group = new IdenticalPackets(kept, path, sender, at, isForged, latest);
		this.#groups.set(hash, group);
		return group;
	}

	#flowOf(at: HostName | undefined, from: Endpoint, to: Endpoint): Flow {
		// Mostly of the connection that the packet before was of, one way or the other.
		for (const path of this.#latestFlows)
			if (path.at === at && isSame(path.from, from) && isSame(path.to, to)) return path;
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
		this.#answers.update((draft) => {
			this.#reposition(draft, timeOf(draft), renumbered);
		});
		for (const connection of renumbered) connection.update();
		for (const ordered of Object.values(this.#inOrder)) ordered.update();
	}

	#pair(group: IdenticalPackets, renumbered: Set<EndpointPair>): void {
		const all = pairObservations(group, group.at ? undefined : group.sender);
		const areSame =
			all.length === group.drafts.length &&
			all.every((seen, index) => firstOf(seen) === firstOf(group.drafts[index]?.seen));
		if (areSame) {
			for (const [index, draft] of group.drafts.entries()) this.#updatePacket(draft, all[index] as Observations);
			return;
		}
		for (const draft of group.drafts) {
			draft.removed = true;
			this.#answers.remove(draft);
			this.#reposition(draft, draft.t, renumbered);
		}
		group.drafts = all.map((seen) => {
			const draft = new JoinedPacket(group, seen);
			this.#inOrder[group.packet.kind].add(draft);
			group.path?.connection.add(draft);
			if (group.path) renumbered.add(group.path.connection);
			this.#answers.add(draft);
			return draft;
		});
	}

	#updatePacket(draft: JoinedPacket, seen: Observations): void {
		const isAnswerable = draft.seen.dropped?.rejected !== seen.dropped?.rejected;
		if (isAnswerable) this.#answers.remove(draft);
		draft.seen = seen;
		draft.event = undefined;
		if (isAnswerable) this.#answers.add(draft);
	}

	#reposition(draft: JoinedPacket, t: number, renumbered: Set<EndpointPair>): void {
		const places = [this.#inOrder[draft.group.packet.kind], draft.group.path?.connection.inOrder];
		for (const place of places) {
			place?.markChanged(draft.t);
			place?.markChanged(t);
		}
		draft.t = t;
		draft.event = undefined;
		if (draft.group.path) renumbered.add(draft.group.path.connection);
	}

	/** The relative number of the segment that a message quotes; undefined where nobody saw it. */
	#relativeOf({ group: { packet, at }, t }: JoinedPacket): number | undefined {
		if (packet.kind === 'segment' || !packet.quotes) return undefined;
		const { from, to, seq } = packet.quotes;
		const isOfHostItself =
			at !== undefined && [from, to].every(({ address }) => (this.#context.hostOf(address) ?? at) === at);
		const path = this.#flowOf(isOfHostItself ? at : undefined, from, to);
		return path.connection.lastBefore(
			t,
			(draft) => draft.group.path === path && draft.group.packet.kind === 'segment' && draft.group.packet.seq === seq,
		)?.numbers?.seq;
	}
}

/** The way from one endpoint to another. */
interface Flow {
	readonly id: number;
	/** The host whose loopback it is; undefined for the wire. */
	readonly at: HostName | undefined;
	readonly from: Endpoint;
	readonly to: Endpoint;
	readonly connection: EndpointPair;
	readonly end: ConnectionEnd;
}

const NONE: readonly never[] = [];

/** Packets that are alike in everything, and their sights. */
class IdenticalPackets {
	readonly packet: CapturedSegment | CapturedIcmp;
	/** Undefined for ICMP. */
	readonly path: Flow | undefined;
	readonly sender: HostName | undefined;
	/** The host on whose loopback they are; undefined for the wire. */
	readonly at: HostName | undefined;
	readonly isForged: boolean;
	readonly next: IdenticalPackets | undefined;
	left: Observation | undefined;
	arrived: Observation | undefined;
	dropped: Observation | undefined;
	drafts: readonly JoinedPacket[] = NONE;

	constructor(
		packet: CapturedSegment | CapturedIcmp,
		path: Flow | undefined,
		sender: HostName | undefined,
		at: HostName | undefined,
		isForged: boolean,
		next: IdenticalPackets | undefined,
	) {
		this.packet = packet;
		this.path = path;
		this.sender = sender;
		this.at = at;
		this.isForged = isForged;
		this.next = next;
	}
}

const isSame = (one: Endpoint, other: Endpoint) => one.port === other.port && one.address === other.address;

function hashOf({ seq, ack, ipId, length, options: { timestamp } }: CapturedSegment, { id }: Flow): number {
	let hash = id;
	for (const value of [seq, ack, ipId, length, timestamp?.value ?? 0]) hash = (Math.imul(hash, 31) + value) | 0;
	return hash;
}

/** What tells packets on one path apart. */
function isAlike(one: IdenticalPackets['packet'], other: CapturedSegment): boolean {
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
class JoinedPacket {
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
	event: Segment | Icmp | undefined;

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

/** All segments between two endpoints, of all connections that they had. */
class EndpointPair {
	readonly inOrder = new TimeOrderedList<JoinedPacket>();
	/** The numbers before every so manieth segment. */
	readonly #checkpoints: Numbering[];
	/** The numbers behind the last segment. */
	#tip: Numbering;

	constructor(isWithItself: boolean) {
		this.#checkpoints = [new Numbering(isWithItself)];
		this.#tip = new Numbering(isWithItself);
	}

	add(draft: JoinedPacket): void {
		this.inOrder.add(draft);
	}

	update(): void {
		const before = this.inOrder.items.length;
		const from = this.inOrder.update();
		const { items } = this.inOrder;
		this.#checkpoints.length = Math.min(this.#checkpoints.length, Math.floor(from / BETWEEN_CHECKPOINTS) + 1);
		const isBehindAll = from === before;
		let at = isBehindAll ? from : (this.#checkpoints.length - 1) * BETWEEN_CHECKPOINTS;
		const numbering = isBehindAll ? this.#tip : (this.#checkpoints.at(-1) as Numbering).copy();
		for (; at < items.length; at++) {
			if (at > 0 && at % BETWEEN_CHECKPOINTS === 0 && this.#checkpoints.length === at / BETWEEN_CHECKPOINTS)
				this.#checkpoints.push(numbering.copy());
			number(items[at] as JoinedPacket, numbering);
		}
		this.#tip = numbering;
	}

	/** The last segment of some kind that is not later than that. */
	lastBefore(t: number, isWanted: (draft: JoinedPacket) => boolean): JoinedPacket | undefined {
		return this.inOrder.items.findLast((draft) => draft.t <= t && isWanted(draft));
	}
}

function number(draft: JoinedPacket, numbering: Numbering): void {
	const { path, packet } = draft.group;
	if (!path || packet.kind !== 'segment') return;
	const { numbers } = draft;
	const now = numbering.next(path.end, packet, !draft.stopped);
	if (
		numbers &&
		numbers.seq === now.seq &&
		numbers.ack === now.ack &&
		numbers.retransmission === now.retransmission &&
		isSameSack(numbers, now)
	)
		return;
	draft.numbers = now;
	draft.event = undefined;
}

function isSameSack({ sack }: Numbers, now: Numbers): boolean {
	return (
		sack === now.sack ||
		(sack?.length === now.sack?.length && !!sack?.every(({ from }, index) => from === now.sack?.[index]?.from))
	);
}

/**
 * A microsecond before its answer, where the log of what the sender's own firewall stopped was read only after that.
 */
function timeOf({ seenAt, stopped, answer }: JoinedPacket): number {
	return stopped && answer ? Math.min(seenAt, answer.seenAt - 1e-6) : seenAt;
}

function firstOf(seen: Observations | undefined): Observation | undefined {
	return seen?.left ?? seen?.arrived ?? seen?.dropped;
}

const addressOf = (end: Endpoint | string) => (typeof end === 'string' ? end : end.address);

function identityOfIcmp({ from, to, type, code, ipId, rest, quotes }: CapturedIcmp): string {
	const quoted =
		quotes && `${quotes.from.address}:${quotes.from.port} ${quotes.to.address}:${quotes.to.port} ${quotes.seq}`;
	return `icmp ${from} ${to} ${type} ${code} ${ipId} ${rest} ${quoted}`;
}

/** Where a packet came from: by its address, or else by who saw it do what. */
function senderOf({ group: { sender, at }, seen, first }: JoinedPacket): HostName {
	if (at) return at;
	return sender ?? (seen.left || !seen.arrived ? first.host : otherHost(first.host));
}

function segmentOf(draft: JoinedPacket, frame: JoinContext): Segment {
	const { packet } = draft.group as { packet: CapturedSegment };
	const { flags, length, window, from, to } = packet;
	const { seq = 0, ack = 0, retransmission = false } = draft.numbers ?? {};
	const { fate, by, arrived } = fateOf(draft, frame);
	const options = optionsOf(packet, draft.numbers);
	const absolute = { seq: packet.seq, ack: packet.ack };
	const t = frame.at(draft.t);
	const host = senderOf(draft);
	const { boot } = draft.first;
	// Nearly all segments, of which there may be hundreds of thousands: putting parts together costs more than all else.
	if (!draft.group.at && !draft.answers && options && by === undefined && arrived !== undefined) {
		return {
			kind: 'segment',
			t,
			host,
			boot,
			from,
			to,
			flags,
			seq,
			ack,
			length,
			window,
			options,
			fate,
			arrived,
			retransmission,
			absolute,
		};
	}
	return {
		...{ kind: 'segment', t, host, boot, from, to, flags, seq, ack, length, window },
		...markOf(draft),
		...(options && { options }),
		fate,
		...(by !== undefined && { by }),
		...(arrived !== undefined && { arrived }),
		retransmission,
		absolute,
	};
}

function icmpOf(draft: JoinedPacket, frame: JoinContext, relative: number | undefined): Icmp {
	const { packet } = draft.group as { packet: CapturedIcmp };
	const { from, to, type, code, name, mtu, quotes } = packet;
	return {
		kind: 'icmp',
		t: frame.at(draft.t),
		host: senderOf(draft),
		boot: draft.first.boot,
		from,
		to,
		type,
		code,
		name,
		...(mtu !== undefined && { mtu }),
		...(quotes && { quotes: { from: quotes.from, to: quotes.to, seq: relative ?? quotes.seq } }),
		...markOf(draft),
		...fateOf(draft, frame),
	};
}

function markOf({ group: { at, isForged }, answers }: JoinedPacket): Pick<Segment, 'link' | 'origin'> {
	return { ...(at && { link: 'loopback' }), ...((isForged || answers) && { origin: 'firewall' }) };
}

function optionsOf({ options }: CapturedSegment, numbers: Numbers | undefined): Segment['options'] {
	if (options.sack) return { ...options, sack: [...(numbers?.sack ?? options.sack)] };
	return options.timestamp || Object.keys(options).length > 0 ? (options as Segment['options']) : undefined;
}

function fateOf(draft: JoinedPacket, frame: JoinContext): Pick<Segment, 'fate' | 'by' | 'arrived'> {
	const { left, arrived, dropped } = draft.seen;
	const at = arrived && frame.at(arrived.t);
	const when = left && at !== undefined ? { arrived: at } : {};
	if (dropped) return { fate: 'dropped', ...(dropped.by !== undefined && { by: dropped.by }), ...when };
	const sender = senderOf(draft);
	const receiver = draft.group.at ?? otherHost(sender);
	if (at !== undefined) {
		return frame.isBlind('firewall', receiver, at)
			? { fate: 'unknown', by: `${receiver} firewall`, ...when }
			: { fate: 'delivered', ...when };
	}
	const t = frame.at(draft.t);
	// A capture that went blind while the packet was under way may have missed it.
	const isUnknown = frame.isBlind('capture', receiver, t) || frame.isBlind('capture', receiver, t + TRANSIT_LIMIT);
	return isUnknown ? { fate: 'unknown', by: `${receiver} capture` } : { fate: 'unobserved' };
}
