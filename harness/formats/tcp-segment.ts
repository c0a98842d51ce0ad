import { FLAG_BITS } from '../tcp.ts';
import { readTcpOptions } from './tcp-options.ts';
import type { CapturedSegment, FlagText } from './types.ts';

/** The text of each combination of flags. */
const FLAG_TEXTS: readonly FlagText[] = Array.from({ length: 512 }, (_, bits) => {
	const letters = FLAG_BITS.filter(([, bit]) => (bits & bit) !== 0).map(([letter]) => letter);
	return letters.join('') || 'none';
});

/** A segment before it is known between which addresses. */
export interface ReadSegment extends Pick<CapturedSegment, 'flags' | 'seq' | 'ack' | 'window' | 'length' | 'options'> {
	readonly sourcePort: number;
	readonly destinationPort: number;
}

const SHORTEST_HEADER = 20;

/**
 * Reads a segment's header (RFC 9293, 3.1).
 *
 * @param segmentLength header and payload, as the IP header tells; the snapshot may hold less
 * @returns a text that says why where it is none
 */
export function readTcp(bytes: Uint8Array, segmentLength: number): ReadSegment | string {
	if (bytes.length < SHORTEST_HEADER) return 'truncated TCP header';
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const headerLength = (view.getUint8(12) >> 4) * 4;
	if (headerLength < SHORTEST_HEADER) return `TCP header of ${headerLength} bytes`;
	if (segmentLength < headerLength) return 'TCP segment shorter than its header';
	return {
		sourcePort: view.getUint16(0),
		destinationPort: view.getUint16(2),
		seq: view.getUint32(4),
		ack: view.getUint32(8),
		flags: FLAG_TEXTS[view.getUint16(12) & 0x1ff] ?? 'none',
		window: view.getUint16(14),
		length: segmentLength - headerLength,
		options: readTcpOptions(view, SHORTEST_HEADER, Math.min(headerLength, bytes.length)),
	};
}
