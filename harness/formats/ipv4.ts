import { addressAt, readIcmp } from './icmp.ts';
import { readTcp } from './tcp-segment.ts';
import type { CapturedOther, CapturedPacket, CapturedSegment, Writable } from './types.ts';

/** The fields of a captured packet that do not come from the packet itself. */
export type CaptureMetadata = Pick<CapturedOther, 't' | 'direction' | 'loopback' | 'prefix'>;

/** Returns a packet of kind `other` with the reason why it cannot be decoded. */
export function undecodable(metadata: CaptureMetadata, why: string): CapturedOther {
	return { kind: 'other', ...metadata, what: `undecodable: ${why}` };
}

const PROTOCOL_NAMES = new Map([
	[2, 'igmp'],
	[17, 'udp'],
	[132, 'sctp'],
]);
const ICMP = 1;
const TCP = 6;
const SHORTEST_HEADER = 20;

/**
 * Parses an IPv4 packet (RFC 791, 3.1).
 *
 * @param originalLength the length of the whole packet; the snapshot may contain less
 */
export function readIpv4(metadata: CaptureMetadata, bytes: Uint8Array, originalLength: number): CapturedPacket {
	if (bytes.length < SHORTEST_HEADER) return undecodable(metadata, 'truncated IPv4 header');
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const first = view.getUint8(0);
	if (first >> 4 !== 4) return undecodable(metadata, `IP version ${first >> 4}`);
	const headerLength = (first & 0x0f) * 4;
	if (headerLength < SHORTEST_HEADER) return undecodable(metadata, `IPv4 header of ${headerLength} bytes`);
	// The total length is 0 if segmentation offload will fill it in ("BIG TCP").
	const totalLength = view.getUint16(2) || originalLength;
	if (totalLength < headerLength) return undecodable(metadata, 'IPv4 packet shorter than its header');

	const from = addressAt(bytes, 12);
	const to = addressAt(bytes, 16);
	const fragmentOffset = view.getUint16(6) & 0x1fff;
	if (fragmentOffset > 0) return { kind: 'other', ...metadata, what: 'ip fragment', from, to };
	const protocol = view.getUint8(9);
	if (protocol === ICMP) {
		const icmp = readIcmp(bytes.subarray(headerLength, Math.max(headerLength, totalLength)));
		if (typeof icmp === 'string') return { ...undecodable(metadata, icmp), from, to };
		return { kind: 'icmp', ...metadata, from, to, ipId: view.getUint16(4), ...icmp };
	}
	if (protocol !== TCP)
		return { kind: 'other', ...metadata, what: PROTOCOL_NAMES.get(protocol) ?? `ip protocol ${protocol}`, from, to };

	const tcp = readTcp(view, headerLength, totalLength - headerLength);
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
		ipId: view.getUint16(4),
		options: tcp.options,
	};
	if (direction) segment.direction = direction;
	if (loopback) segment.loopback = loopback;
	if (prefix !== undefined) segment.prefix = prefix;
	return segment;
}
