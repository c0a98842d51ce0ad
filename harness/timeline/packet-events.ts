import type { CapturedIcmp, CapturedSegment } from '../formats/types.ts';
import { TRANSIT_LIMIT } from './coverage.ts';
import { type EventOf, type HostName, otherHost } from './events.ts';
import type { JoinedPacket } from './joined-packet.ts';
import type { Numbers } from './numbering.ts';
import type { JoinContext } from './packet-join.ts';

type Segment = EventOf<'segment'>;
type Icmp = EventOf<'icmp'>;

/** Where a packet came from: by its address, or else by who saw it do what. */
function senderOf({ group: { sender, at }, seen, first }: JoinedPacket): HostName {
	if (at) return at;
	return sender ?? (seen.left || !seen.arrived ? first.host : otherHost(first.host));
}

export function segmentOf(joined: JoinedPacket, context: JoinContext): Segment {
	const { packet } = joined.group as { packet: CapturedSegment };
	const { flags, length, window, from, to } = packet;
	const { seq = 0, ack = 0, retransmission = false } = joined.numbers ?? {};
	const { fate, by, arrived } = fateOf(joined, context);
	const options = optionsOf(packet, joined.numbers);
	const absolute = { seq: packet.seq, ack: packet.ack };
	const t = context.at(joined.t);
	const host = senderOf(joined);
	const { boot } = joined.first;
	// Nearly all segments, of which there may be hundreds of thousands: putting parts together costs more than all else.
	if (!joined.group.at && !joined.answers && options && by === undefined && arrived !== undefined) {
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

export function icmpOf(joined: JoinedPacket, context: JoinContext, relative: number | undefined): Icmp {
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

function markOf({ group: { at, isForged }, answers }: JoinedPacket): Pick<Segment, 'link' | 'origin'> {
	return { ...(at && { link: 'loopback' }), ...((isForged || answers) && { origin: 'firewall' }) };
}

function optionsOf({ options }: CapturedSegment, numbers: Numbers | undefined): Segment['options'] {
	if (options.sack) return { ...options, sack: [...(numbers?.sack ?? options.sack)] };
	return options.timestamp || Object.keys(options).length > 0 ? (options as Segment['options']) : undefined;
}

function fateOf(joined: JoinedPacket, context: JoinContext): Pick<Segment, 'fate' | 'by' | 'arrived'> {
	const { left, arrived, dropped } = joined.seen;
	const at = arrived && context.at(arrived.t);
	const when = left && at !== undefined ? { arrived: at } : {};
	if (dropped) return { fate: 'dropped', ...(dropped.by !== undefined && { by: dropped.by }), ...when };
	const sender = senderOf(joined);
	const receiver = joined.group.at ?? otherHost(sender);
	if (at !== undefined) {
		return context.isBlind('firewall', receiver, at)
			? { fate: 'unknown', by: `${receiver} firewall`, ...when }
			: { fate: 'delivered', ...when };
	}
	const t = context.at(joined.t);
	// A capture that went blind while the packet was under way may have missed it.
	const isUnknown = context.isBlind('capture', receiver, t) || context.isBlind('capture', receiver, t + TRANSIT_LIMIT);
	return isUnknown ? { fate: 'unknown', by: `${receiver} capture` } : { fate: 'unobserved' };
}
