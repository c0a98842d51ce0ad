import { type CaptureMetadata, otherProtocol, PROTOCOL, readSegment, undecodable } from './captured.ts';
import { addressAt, readIcmp } from './icmp.ts';
import type { CapturedPacket } from './types.ts';

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
	const facts = { from, to, ipId: view.getUint16(4) };
	if (protocol === PROTOCOL.ICMP) {
		const icmp = readIcmp(bytes.subarray(headerLength, Math.max(headerLength, totalLength)));
		if (typeof icmp === 'string') return { ...undecodable(metadata, icmp), from, to };
		return { kind: 'icmp', ...metadata, ...facts, ...icmp };
	}
	if (protocol !== PROTOCOL.TCP) return otherProtocol(metadata, protocol, facts);
	return readSegment(metadata, view, headerLength, totalLength - headerLength, facts);
}
