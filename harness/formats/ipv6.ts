import { ipv6Text } from './address.ts';
import { type CaptureMetadata, otherProtocol, PROTOCOL, readSegment, undecodable } from './captured.ts';
import { readIcmpv6 } from './icmpv6.ts';
import { IPV6_HEADER, ipv6PayloadOf } from './ipv6-header.ts';
import type { CapturedPacket } from './types.ts';

/**
 * Parses an IPv6 packet (RFC 8200, 3).
 *
 * @param originalLength the length of the whole packet; the snapshot may contain less
 */
export function readIpv6(metadata: CaptureMetadata, bytes: Uint8Array, originalLength: number): CapturedPacket {
	const payload = ipv6PayloadOf(bytes);
	if (typeof payload === 'string') return undecodable(metadata, payload);
	const { protocol, start, isLaterFragment } = payload;
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	// The payload's length is 0 if segmentation offload will fill it in ("BIG TCP").
	const totalLength = view.getUint16(4) === 0 ? originalLength : IPV6_HEADER + view.getUint16(4);
	if (totalLength < start) return undecodable(metadata, 'IPv6 packet shorter than its headers');

	const from = addressAt(bytes, 8);
	const to = addressAt(bytes, 24);
	// The lower 20 bits of the first word are the flow label.
	const facts = { from, to, ipId: view.getUint32(0) & 0xf_ffff };
	if (isLaterFragment) return { kind: 'other', ...metadata, what: 'ip fragment', from, to };
	if (protocol === PROTOCOL.ICMPV6) {
		const icmp = readIcmpv6(bytes.subarray(start, totalLength));
		if ('what' in icmp) return { kind: 'other', ...metadata, what: icmp.what, from, to };
		return { kind: 'icmp', ...metadata, ...facts, ...icmp };
	}
	if (protocol !== PROTOCOL.TCP) return otherProtocol(metadata, protocol, facts);
	return readSegment(metadata, view, start, totalLength - start, facts);
}

/** A cache of formatted addresses, by their bytes. There are few, and formatting them is slow. */
const ADDRESSES = new Map<string, string>();
const MAX_ADDRESSES = 10_000;

function addressAt(bytes: Uint8Array, at: number): string {
	const key = Buffer.from(bytes.buffer, bytes.byteOffset + at, 16).toString('latin1');
	const known = ADDRESSES.get(key);
	if (known !== undefined) return known;
	if (ADDRESSES.size === MAX_ADDRESSES) ADDRESSES.clear();
	const text = ipv6Text(bytes, at);
	ADDRESSES.set(key, text);
	return text;
}
