import type { CapturedIcmp, CapturedSegment } from '../formats/types.ts';
import { type HostName, type IcmpEvent, otherHost, type SegmentEvent } from './events.ts';
import type { JoinedPacket } from './joined-packet.ts';
import type { Numbers } from './numbering.ts';
import type { JoinContext } from './packet-join.ts';

/** Returns the sender of a packet: the host with the source address or, if there is none, by who observed it. */
function senderOf({ group: { sender, loopbackHost }, seen, first: { host } }: JoinedPacket): HostName {
	if (loopbackHost) return loopbackHost;
	if (sender) return sender;
	// The wire drops what a host has sent, and the host's capture has missed this one.
	if (host === 'wire') return 'client';
	return seen.left || !seen.arrived ? host : otherHost(host);
}

export function segmentOf(joined: JoinedPacket, context: JoinContext): SegmentEvent {
	const { packet } = joined.group as { packet: CapturedSegment };
	const { flags, length, window, from, to } = packet;
	const { seq = 0, ack = 0, retransmission = false } = joined.numbers ?? {};
	const { fate, by, arrived } = fateOf(joined, context);
	const options = optionsOf(packet, joined.numbers);
	const absolute = { seq: packet.seq, ack: packet.ack };
	const t = context.at(joined.t);
	const host = senderOf(joined);
	const { boot } = joined.first;
	// The fast path for nearly all segments, of which there may be hundreds of thousands: spreading objects would cost
	// more than everything else here.
	if (!joined.group.loopbackHost && !joined.answers && options && by === undefined && arrived !== undefined) {
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
	return {
		kind: 'icmp',
		t: context.at(joined.t),
		host: senderOf(joined),
		boot: joined.first.boot,
		from,
		to,
		type,
		code,
		name,
		...(mtu !== undefined && { mtu }),
		...(quotes && { quotes: { from: quotes.from, to: quotes.to, seq: relative ?? quotes.seq } }),
		...markOf(joined),
		...fateOf(joined, context),
	};
}

function markOf({ group: { loopbackHost, isForged }, answers }: JoinedPacket): Pick<SegmentEvent, 'link' | 'origin'> {
	return { ...(loopbackHost && { link: 'loopback' }), ...((isForged || answers) && { origin: 'firewall' }) };
}

function optionsOf({ options }: CapturedSegment, numbers: Numbers | undefined): SegmentEvent['options'] {
	if (options.sack) return { ...options, sack: [...(numbers?.sack ?? options.sack)] };
	return options.timestamp || Object.keys(options).length > 0 ? (options as SegmentEvent['options']) : undefined;
}

function fateOf(joined: JoinedPacket, context: JoinContext): Pick<SegmentEvent, 'fate' | 'by' | 'arrived'> {
	const { left, arrived, dropped } = joined.seen;
	const arrivedAt = arrived && context.at(arrived.t);
	const when = left && arrivedAt !== undefined ? { arrived: arrivedAt } : {};
	if (dropped) return { fate: 'dropped', ...(dropped.by !== undefined && { by: dropped.by }), ...when };
	const sender = senderOf(joined);
	const receiver = joined.group.loopbackHost ?? otherHost(sender);
	if (arrivedAt !== undefined) {
		return context.isBlind('firewall', receiver, arrivedAt)
			? { fate: 'unknown', by: `${receiver} firewall`, ...when }
			: { fate: 'delivered', ...when };
	}
	const t = context.at(joined.t);
	// If the loss of the capture began while the packet was in transit, the capture may have missed it.
	const until = t + context.transitLimit;
	const isUnknown = context.isBlind('capture', receiver, t) || context.isBlind('capture', receiver, until);
	if (isUnknown) return { fate: 'unknown', by: `${receiver} capture` };
	return context.isBlind('firewall', 'wire', t) ? { fate: 'unknown', by: 'wire firewall' } : { fate: 'unobserved' };
}
