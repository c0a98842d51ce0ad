import type { HostName } from './events.ts';

/** When and by whom a packet was seen. */
export interface Observation {
	/** Seconds since the epoch. */
	readonly t: number;
	readonly host: HostName;
	readonly boot: number;
	/** In the order in which its observer told them; no two observers have the same. */
	readonly order: number;
	/** The fault that dropped it. */
	readonly by: string | undefined;
	/** The fault answered it: a rule that rejects. */
	readonly rejected: boolean | undefined;
	/** The one before, of packets that are alike in everything. */
	readonly earlier: Observation | undefined;
}

/** All sights of packets that are alike in everything: the last of each kind that was told. */
export interface LatestObservations {
	readonly left: Observation | undefined;
	readonly arrived: Observation | undefined;
	readonly dropped: Observation | undefined;
}

/** All sights of one packet; at least one is there. */
export interface Observations {
	left?: Observation;
	arrived?: Observation;
	dropped?: Observation;
}

/** An observer may be so much behind another, in seconds: they read the clocks of two processors. */
const TOLERANCE = 0.002;

/**
 * Which sights are of one packet. What arrived is taken for what left last before it, since one that was lost is not
 * seen again; of those that arrived the first to leave is the first to arrive. Depends on nothing but the sights: not
 * on the order in which they were told.
 *
 * @param sender the host that sends such packets: what its own firewall drops never leaves
 */
export function pairObservations(alike: LatestObservations, sender: HostName | undefined): Observations[] {
	if (!alike.left?.earlier && !alike.arrived?.earlier && !alike.dropped) return ofOne(alike.left, alike.arrived);
	const [left, arrived, dropped] = [inOrder(alike.left), inOrder(alike.arrived), inOrder(alike.dropped)];
	const [stopped, lost] = [
		dropped.filter(({ host }) => host === sender),
		dropped.filter(({ host }) => host !== sender),
	];
	const packets: Observations[] = left.map((sight) => ({ left: sight }));
	const arrivals = matchInOrder(left, arrived);
	for (const [at, sight] of arrivals.pairs) (packets[at] as Observations).arrived = sight;
	packets.push(...arrivals.rest.map((sight) => ({ arrived: sight })));
	const kept = packets.filter((packet) => packet.arrived !== undefined);
	const losses = matchInOrder(
		kept.map((packet) => packet.arrived as Observation),
		lost,
	);
	for (const [at, sight] of losses.pairs) (kept[at] as Observations).dropped = sight;
	// A capture that lost packets leaves the firewall alone with them.
	const unseen = packets.filter((packet) => packet.arrived === undefined);
	const guessed = matchInOrder(
		unseen.map((packet) => packet.left as Observation),
		losses.rest,
	);
	for (const [at, sight] of guessed.pairs) (unseen[at] as Observations).dropped = sight;
	packets.push(...[...stopped, ...guessed.rest].map((sight) => ({ dropped: sight })));
	return packets;
}

function inOrder(last: Observation | undefined): Observation[] {
	const all: Observation[] = [];
	for (let sight = last; sight; sight = sight.earlier) all.push(sight);
	return all.sort((a, b) => a.t - b.t || a.order - b.order);
}

/** Nearly all packets: alike to no other, and not dropped. */
function ofOne(left: Observation | undefined, arrived: Observation | undefined): Observations[] {
	if (!arrived) return left ? [{ left }] : [];
	if (!left) return [{ arrived }];
	return left.t <= arrived.t + TOLERANCE ? [{ left, arrived }] : [{ left }, { arrived }];
}

/**
 * Earlier sights and later ones, both in order: which belong together, by the index of the earlier; and later ones
 * without an earlier.
 */
function matchInOrder(
	earlier: readonly Observation[],
	later: readonly Observation[],
): { pairs: [number, Observation][]; rest: Observation[] } {
	const open: number[] = [];
	const taken: number[] = [];
	const matching: Observation[] = [];
	const rest: Observation[] = [];
	let next = 0;
	for (const sight of later) {
		while ((earlier[next]?.t ?? Number.POSITIVE_INFINITY) <= sight.t) open.push(next++);
		if (open.length === 0 && (earlier[next]?.t ?? Number.POSITIVE_INFINITY) <= sight.t + TOLERANCE) open.push(next++);
		const found = open.pop();
		if (found === undefined) rest.push(sight);
		else {
			taken.push(found);
			matching.push(sight);
		}
	}
	taken.sort((a, b) => a - b);
	return { pairs: matching.map((sight, index) => [taken[index] as number, sight]), rest };
}
