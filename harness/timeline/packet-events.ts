import type { CapturedIcmp, CapturedSegment } from '../formats/types.ts';
import type { IcmpEvent, NodeName, SegmentEvent } from './events.ts';
import type { JoinedPacket } from './joined-packet.ts';
import type { Numbers } from './numbering.ts';
import type { JoinContext } from './packet-join.ts';
import type { Passage } from './passage.ts';
import type { Ends } from './translations.ts';

/** Returns the sender of a packet: the host with the source address or, if there is none, by who observed it. */
function senderOf(joined: JoinedPacket, context: JoinContext): NodeName {
	const { group, seen, first } = joined;
	const { sender, loopbackHost } = group;
	const { host } = first;
	if (loopbackHost) return loopbackHost;
	// A router sends with the addresses of hosts, too: its firewall answers rejected packets so.
	if (first === seen.forwarded && !context.isBlind('capture', 'router', context.at(joined.t))) return 'router';
	if (sender) return sender;
	// What the wire itself has sent comes from the other side. What it drops, a host has sent, and its capture missed it.
	if (host === 'wire') return joined.group.receiver === 'client' ? 'server' : 'client';
	return seen.left || !seen.arrived ? host : otherNode(host);
}

const otherNode = (node: NodeName): NodeName => (node === 'client' ? 'server' : 'client');

/** Returns the endpoints with which a segment was sent, if they are not those that both directions have in common. */
function sentEndsOf({ group: { flow }, seen, first }: JoinedPacket): Ends | undefined {
	// The router itself sends with the addresses that the receiver knows.
	return (first === seen.forwarded ? first.ends : undefined) ?? flow?.sent;
}

/** Returns the node to which a packet was sent: by its address or, if no node has that, the other host. */
function receiverOf({ group: { loopbackHost, receiver } }: JoinedPacket, sender: NodeName): NodeName {
	return loopbackHost ?? (receiver === sender ? undefined : receiver) ?? otherNode(sender);
}

/** Returns the receiver of a packet for its event, unless it is the other host, and what the router saw of it. */
function wayOf(
	joined: JoinedPacket,
	sender: NodeName,
	context: JoinContext,
): Pick<SegmentEvent, 'receiver' | 'router'> {
	if (!context.isRouted || joined.group.loopbackHost) return {};
	const receiver = receiverOf(joined, sender);
	if (sender === 'router' || receiver === 'router') return { receiver };
	const { entered, forwarded, arrived } = joined.seen;
	const translated = forwarded?.ends ?? arrived?.ends;
	return {
		router: {
			...(entered && { entered: context.at(entered.t) }),
			...(forwarded && { forwarded: context.at(forwarded.t) }),
			...(translated && { translated }),
		},
	};
}

export function segmentOf(joined: JoinedPacket, context: JoinContext): SegmentEvent {
	const { packet } = joined.group as { packet: CapturedSegment };
	const { flags, length, window } = packet;
	const { from, to } = sentEndsOf(joined) ?? packet;
	const { seq = 0, ack = 0, retransmission = false } = joined.numbers ?? {};
	const { fate, by, arrived } = fateOf(joined, context);
	const options = optionsOf(packet, joined.numbers);
	const absolute = { seq: packet.seq, ack: packet.ack };
	const t = context.at(joined.t);
	const host = senderOf(joined, context);
	const { boot } = joined.first;
	// The fast path for nearly all segments, of which there may be hundreds of thousands: spreading objects would cost
	// more than everything else here.
	if (
		!context.isRouted &&
		!joined.group.loopbackHost &&
		!joined.answers &&
		!joined.seen.relayed &&
		!joined.seen.copies &&
		options &&
		by === undefined &&
		arrived !== undefined
	) {
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
		...markOf(joined),
		...(options && { options }),
		...wayOf(joined, host, context),
		...changesOf(joined, context),
		fate,
		...(by !== undefined && { by }),
		...(arrived !== undefined && { arrived }),
		retransmission,
		absolute,
	};
}

export function icmpOf(joined: JoinedPacket, context: JoinContext, relative: number | undefined): IcmpEvent {
	const { packet } = joined.group as { packet: CapturedIcmp };
	const { from, to, type, code, name, mtu, quotes } = packet;
	const host = senderOf(joined, context);
	return {
		kind: 'icmp',
		t: context.at(joined.t),
		host,
		boot: joined.first.boot,
		from,
		to,
		type,
		code,
		name,
		...(mtu !== undefined && { mtu }),
		...(quotes && { quotes: { from: quotes.from, to: quotes.to, seq: relative ?? quotes.seq } }),
		...markOf(joined),
		...wayOf(joined, host, context),
		...changesOf(joined, context),
		...fateOf(joined, context),
	};
}

function markOf(joined: JoinedPacket): Pick<SegmentEvent, 'link' | 'origin'> {
	const { group, answers, isInjected } = joined;
	const { loopbackHost, isForged } = group;
	return {
		...(loopbackHost && { link: 'loopback' }),
		...((isForged || answers) && { origin: 'firewall' }),
		...(isInjected && { origin: 'injected' }),
	};
}

/** Returns what faults of the wire did to a packet, in order. */
function changesOf({ seen }: JoinedPacket, context: JoinContext): Pick<SegmentEvent, 'changes'> {
	if (!seen.relayed && !seen.copies) return {};
	const own = (seen.relayed?.passage?.changes ?? []).map(({ t, until, ...change }) => ({
		...change,
		t: context.at(t),
		...(until !== undefined && { until: context.at(until) }),
	}));
	const duplicates = (seen.copies ?? []).map(({ relayed, arrived }) => ({
		by: relayed?.passage?.by ?? '',
		what: 'duplicated' as const,
		t: context.at(relayed?.t ?? 0),
		...(arrived && { arrived: context.at(arrived.t) }),
	}));
	const changes = [...own, ...duplicates].sort((one, other) => one.t - other.t);
	return changes.length === 0 ? {} : { changes };
}

/** The fault of the wire that has lost a packet or, by changing it, has made the receiver discard it. */
function lossOnWay(passage: Passage | undefined): string | undefined {
	return passage?.lostBy ?? passage?.changes.find(({ what }) => what === 'corrupted')?.by;
}

function optionsOf({ options }: CapturedSegment, numbers: Numbers | undefined): SegmentEvent['options'] {
	if (options.sack) return { ...options, sack: [...(numbers?.sack ?? options.sack)] };
	return options.timestamp || Object.keys(options).length > 0 ? (options as SegmentEvent['options']) : undefined;
}

function fateOf(joined: JoinedPacket, context: JoinContext): Pick<SegmentEvent, 'fate' | 'by' | 'arrived'> {
	const { left, entered, forwarded, relayed, arrived, dropped } = joined.seen;
	const arrivedAt = arrived && context.at(arrived.t);
	const when = (left ?? entered ?? forwarded ?? relayed) && arrivedAt !== undefined ? { arrived: arrivedAt } : {};
	const lostBy = lossOnWay(relayed?.passage);
	if (lostBy !== undefined) return { fate: 'dropped', by: lostBy, ...when };
	if (dropped) return { fate: 'dropped', ...(dropped.by !== undefined && { by: dropped.by }), ...when };
	const sender = senderOf(joined, context);
	const receiver = receiverOf(joined, sender);
	if (arrivedAt !== undefined) {
		return context.isBlind('firewall', receiver, arrivedAt)
			? { fate: 'unknown', by: `${receiver} firewall`, ...when }
			: { fate: 'delivered', ...when };
	}
	const t = context.at(relayed?.passage?.sent ?? joined.t);
	// If the loss of the capture began while the packet was in transit, the capture may have missed it.
	const until = t + context.transitLimit;
	if (context.isRouted && sender !== 'router' && receiver !== 'router' && !forwarded) {
		const blind = (['capture', 'firewall', 'conntrack'] as const).find(
			(observer) => context.isBlind(observer, 'router', t) || context.isBlind(observer, 'router', until),
		);
		if (blind) return { fate: 'unknown', by: `router ${blind}` };
		// It came in and did not go out: the router has no route, or the link’s MTU is too small for it.
		return entered ? { fate: 'dropped', by: 'router' } : { fate: 'unobserved' };
	}
	const isUnknown = context.isBlind('capture', receiver, t) || context.isBlind('capture', receiver, until);
	if (isUnknown) return { fate: 'unknown', by: `${receiver} capture` };
	const blind = (['firewall', 'relay'] as const).find((observer) => context.isBlind(observer, 'wire', t));
	return blind ? { fate: 'unknown', by: `wire ${blind}` } : { fate: 'unobserved' };
}
