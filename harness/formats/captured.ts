import { readTcp } from './tcp-segment.ts';
import type { CapturedOther, CapturedPacket, CapturedSegment, Writable } from './types.ts';

/** The fields of a captured packet that do not come from the packet itself. */
export type CaptureMetadata = Pick<CapturedOther, 't' | 'direction' | 'loopback' | 'prefix'>;

/** Returns a packet of kind `other` with the reason why it cannot be decoded. */
export function undecodable(metadata: CaptureMetadata, why: string): CapturedOther {
	return { kind: 'other', ...metadata, what: `undecodable: ${why}` };
}

/** The protocols in IP headers (https://www.iana.org/assignments/protocol-numbers). */
export const PROTOCOL = { ICMP: 1, TCP: 6, ICMPV6: 58 } as const;
const PROTOCOL_NAMES = new Map([
	[2, 'igmp'],
	[17, 'udp'],
	[132, 'sctp'],
]);

/** The addresses of a packet, and the number by which IP tells packets apart. */
export interface IpFacts {
	readonly from: string;
	readonly to: string;
	readonly ipId: number;
}

/** Returns a packet with a protocol that is not decoded further. */
export function otherProtocol(metadata: CaptureMetadata, protocol: number, { from, to }: IpFacts): CapturedOther {
	return { kind: 'other', ...metadata, what: PROTOCOL_NAMES.get(protocol) ?? `ip protocol ${protocol}`, from, to };
}

/**
 * Returns the TCP segment whose header begins at `start`.
 *
 * @param segmentLength the length of header and payload, from the IP header; the snapshot may contain less
 */
export function readSegment(
	metadata: CaptureMetadata,
	view: DataView,
	start: number,
	segmentLength: number,
	{ from, to, ipId }: IpFacts,
): CapturedPacket {
	const tcp = readTcp(view, start, segmentLength);
	if (typeof tcp === 'string') return { ...undecodable(metadata, tcp), from, to };
	// Fields are copied one by one, because a capture has tens of thousands of segments, and spreading objects would cost
	// more than everything else here.
	const { t, direction, loopback, prefix } = metadata;
	const segment: Writable<CapturedSegment> = {
		kind: 'segment',
		t,
		from: { address: from, port: tcp.sourcePort },
		to: { address: to, port: tcp.destinationPort },
		flags: tcp.flags,
		seq: tcp.seq,
		ack: tcp.ack,
		window: tcp.window,
		length: tcp.length,
		ipId,
		options: tcp.options,
	};
	if (direction) segment.direction = direction;
	if (loopback) segment.loopback = loopback;
	if (prefix !== undefined) segment.prefix = prefix;
	return segment;
}
