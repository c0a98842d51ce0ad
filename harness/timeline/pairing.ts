import type { MachineName, NodeName } from './events.ts';
import type { Passage } from './passage.ts';
import type { Ends } from './translations.ts';

/** When and where a packet was observed. */
export interface Observation {
	/** Seconds since the epoch. */
	readonly t: number;
	readonly host: MachineName;
	readonly boot: number;
	/** Increases with each observation of an observer. No two observations have the same number. */
	readonly order: number;
	/** The fault that dropped it. */
	readonly by: string | undefined;
	/** Whether the rule of that fault also answers the packet (REJECT). */
	readonly rejected: boolean | undefined;
	/** The endpoints that it had, if a router translated them. */
	readonly ends?: Ends | undefined;
	/** What the relay on the wire did with it. */
	readonly passage?: Passage | undefined;
	/** The previous observation of the same kind in the same group of identical packets. */
	readonly earlier: Observation | undefined;
}

/** The latest observation of each kind in a group of identical packets. */
export interface LatestObservations {
	readonly left: Observation | undefined;
	/** By the router between sender and receiver, when it came in and when it went out. */
	readonly entered: Observation | undefined;
	readonly forwarded: Observation | undefined;
	/** By the relay on the wire. */
	readonly relayed: Observation | undefined;
	readonly arrived: Observation | undefined;
	readonly dropped: Observation | undefined;
}

/** The observations of one packet, at least one. */
export interface Observations {
	left?: Observation;
	entered?: Observation;
	forwarded?: Observation;
	relayed?: Observation;
	/** Copies that the relay made of it. */
	copies?: Observations[];
	arrived?: Observation;
	dropped?: Observation;
}

/** How much one observer's clock may be behind another's, in seconds: they read the clocks of two processors. */
const TOLERANCE = 0.002;

/**
 * Finds out which observations of identical packets are of the same packet. An arrival belongs to the last packet that
 * left before it, because a lost packet does not arrive later. Packets arrive in the order in which they left. The
 * result does not depend on the order in which the observations were added.
 *
 * @param sender the node that sends these packets: what its own firewall drops, no capture sees
 * @param receiver the node to which they are sent
 */
export function pairObservations(
	latest: LatestObservations,
	sender: NodeName | undefined,
	receiver?: NodeName,
): Observations[] {
	if (latest.entered || latest.forwarded) return pairRouted(latest, sender);
	if (!latest.left?.earlier && !latest.arrived?.earlier && !latest.dropped && !latest.relayed)
		return pairSingle(latest.left, latest.arrived);
	const [left, arrived, dropped] = [inOrder(latest.left), inOrder(latest.arrived), inOrder(latest.dropped)];
	const droppedBy = (matches: (host: MachineName) => boolean) => dropped.filter(({ host }) => matches(host));
	const isBetween = (host: MachineName) =>
		host === 'wire' || (host === 'router' && sender !== 'router' && receiver !== 'router');
	const stopped = droppedBy((host) => host === sender);
	const lost = droppedBy((host) => host !== sender && !isBetween(host));
	const packets: Observations[] = left.map((observation) => ({ left: observation }));
	if (latest.relayed) relay(packets, inOrder(latest.relayed));
	const direct = packets.filter((packet) => packet.relayed === undefined);
	// What was dropped on the way arrives nowhere.
	const lostOnWire = matchInOrder(
		direct.map((packet) => packet.left as Observation),
		droppedBy(isBetween),
	);
	for (const [index, observation] of lostOnWire.pairs) (direct[index] as Observations).dropped = observation;
	const departures = latest.relayed ? departuresOf(packets) : direct.flatMap(departureOf);
	const arrivals = matchInOrder(departures, arrived);
	for (const [index, observation] of arrivals.pairs) (departures[index] as Departure).packet.arrived = observation;
	packets.push(...arrivals.rest.map((observation) => ({ arrived: observation })));
	const seenArriving = packets
		.flatMap((packet) => [packet, ...(packet.copies ?? [])])
		.filter((packet) => packet.arrived !== undefined);
	const losses = matchInOrder(
		seenArriving.map((packet) => packet.arrived as Observation),
		lost,
	);
	for (const [index, observation] of losses.pairs) (seenArriving[index] as Observations).dropped = observation;
	// If a capture lost packets, only the firewall's log shows their arrival.
	const notSeenArriving = departures.filter(
		({ packet }) => packet.arrived === undefined && packet.dropped === undefined,
	);
	const guessed = matchInOrder(notSeenArriving, losses.rest);
	for (const [index, observation] of guessed.pairs) (notSeenArriving[index] as Departure).packet.dropped = observation;
	packets.push(...[...stopped, ...lostOnWire.rest, ...guessed.rest].map((observation) => ({ dropped: observation })));
	return packets;
}

/** When a packet left for its receiver: from its sender or, if the relay has taken it, from the wire. */
interface Departure {
	readonly packet: Observations;
	readonly t: number;
}

function departureOf(packet: Observations): Departure[] {
	const { left, relayed, dropped } = packet;
	const t = relayed ? relayed.passage?.sent : left?.t;
	return t === undefined || dropped ? [] : [{ packet, t }];
}

const departuresOf = (packets: readonly Observations[]): Departure[] =>
	packets
		.flatMap((packet) => [packet, ...(packet.copies ?? [])])
		.flatMap(departureOf)
		.sort((one, other) => one.t - other.t);

/**
 * Adds what the relay did to the packets that have left, and those that it made. A copy has no `left`: no host has sent
 * it.
 */
function relay(packets: Observations[], relayed: readonly Observation[]): void {
	const ofKind = (kind: Passage['kind'], isOriginal: boolean) =>
		relayed.filter(({ passage }) => passage?.kind === kind && (passage.original === undefined) === isOriginal);
	const addCopy = (packet: Observations, copy: Observation) => {
		packet.copies = [...(packet.copies ?? []), { relayed: copy }];
	};
	const departed = packets.map(({ left }) => left as Observation);
	// A packet whose copy was taken has itself gone on without the relay.
	const copied = matchInOrder(departed, ofKind('copied', true));
	for (const [index, copy] of copied.pairs) addCopy(packets[index] as Observations, copy);
	const alone = packets.filter(({ copies }) => copies === undefined);
	const taken = matchInOrder(
		alone.map(({ left }) => left as Observation),
		ofKind('relayed', true),
	);
	for (const [index, observation] of taken.pairs) (alone[index] as Observations).relayed = observation;
	packets.push(...taken.rest.map((observation) => ({ relayed: observation })));
	for (const copy of ofKind('relayed', false)) {
		const original = packets.find((packet) => packet.relayed?.passage === copy.passage?.original);
		if (original) addCopy(original, copy);
	}
	packets.push(...ofKind('injected', true).map((observation) => ({ relayed: observation })));
	// The capture has missed what was copied.
	packets.push(...copied.rest.map((copy) => ({ copies: [{ relayed: copy }] })));
}

/** Does the same for packets that the capture of a router in between has seen. */
function pairRouted(latest: LatestObservations, sender: NodeName | undefined): Observations[] {
	const dropped = inOrder(latest.dropped);
	const packets: Observations[] = inOrder(latest.left).map((left) => ({ left }));
	/**
	 * Adds observations of one kind to packets with an earlier one, first to those with the first of these kinds. The
	 * rest are packets of which nothing earlier was seen.
	 */
	const add = (kind: Kind, observations: readonly Observation[], ...after: readonly Kind[]) => {
		let rest = observations;
		for (const before of after) {
			const candidates = packets
				.filter((packet) => packet[before] && !packet[kind] && !packet.dropped && isLatest(packet, before))
				.sort((one, other) => (one[before]?.t ?? 0) - (other[before]?.t ?? 0));
			const matched = matchInOrder(
				candidates.map((packet) => packet[before] as Observation),
				rest,
			);
			for (const [index, observation] of matched.pairs) (candidates[index] as Observations)[kind] = observation;
			rest = matched.rest;
		}
		packets.push(...rest.map((observation) => ({ [kind]: observation })));
	};
	add('entered', inOrder(latest.entered), 'left');
	add(
		'dropped',
		dropped.filter(({ host }) => host === 'router'),
		'entered',
		'left',
	);
	add('forwarded', inOrder(latest.forwarded), 'entered');
	add('arrived', inOrder(latest.arrived), 'forwarded', 'entered', 'left');
	const atReceiver = dropped.filter(({ host }) => host !== 'router' && host !== sender);
	add('dropped', atReceiver, 'arrived', 'forwarded', 'entered', 'left');
	packets.push(...dropped.filter(({ host }) => host === sender).map((observation) => ({ dropped: observation })));
	return packets;
}

/** The kinds of observations, other than of copies. */
type Kind = Exclude<keyof Observations, 'copies'>;
/** The observations of a packet in the order in which they are made. */
const WAY = ['left', 'entered', 'forwarded', 'arrived'] as const;

/** Whether nothing later of a packet was seen. */
function isLatest(packet: Observations, kind: Kind): boolean {
	return WAY.slice(WAY.indexOf(kind as (typeof WAY)[number]) + 1).every((later) => packet[later] === undefined);
}

function inOrder(last: Observation | undefined): Observation[] {
	const all: Observation[] = [];
	for (let observation = last; observation; observation = observation.earlier) all.push(observation);
	return all.sort((a, b) => a.t - b.t || a.order - b.order);
}

/** Pairs the observations of a packet that is identical to no other and was not dropped, like nearly all packets. */
function pairSingle(left: Observation | undefined, arrived: Observation | undefined): Observations[] {
	if (!arrived) return left ? [{ left }] : [];
	if (!left) return [{ arrived }];
	return left.t <= arrived.t + TOLERANCE ? [{ left, arrived }] : [{ left }, { arrived }];
}

/**
 * Matches later observations with earlier ones; both lists are in order. Returns pairs of the index of the earlier
 * observation and the later one, and the later ones that match none.
 */
function matchInOrder(
	earlier: readonly Pick<Observation, 't'>[],
	later: readonly Observation[],
): { pairs: [number, Observation][]; rest: Observation[] } {
	const unmatched: number[] = [];
	const matched: number[] = [];
	const matching: Observation[] = [];
	const rest: Observation[] = [];
	let next = 0;
	for (const observation of later) {
		while ((earlier[next]?.t ?? Number.POSITIVE_INFINITY) <= observation.t) unmatched.push(next++);
		if (unmatched.length === 0 && (earlier[next]?.t ?? Number.POSITIVE_INFINITY) <= observation.t + TOLERANCE)
			unmatched.push(next++);
		const found = unmatched.pop();
		if (found === undefined) rest.push(observation);
		else {
			matched.push(found);
			matching.push(observation);
		}
	}
	matched.sort((a, b) => a - b);
	return { pairs: matching.map((observation, index) => [matched[index] as number, observation]), rest };
}
