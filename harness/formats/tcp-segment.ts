import { FLAG_BITS } from '../tcp/flags.ts';
import { readTcpOptions } from './tcp-options.ts';
import type { CapturedSegment, FlagText } from './types.ts';

/** The text of each combination of flags. */
const FLAG_TEXTS: readonly FlagText[] = Array.from({ length: 512 }, (_, bits) => {
	const letters = FLAG_BITS.filter(([, bit]) => (bits & bit) !== 0).map(([letter]) => letter);
	return letters.join('') || 'none';
});

/** A parsed TCP header, without addresses. */
export interface ReadSegment extends Pick<CapturedSegment, 'flags' | 'seq' | 'ack' | 'window' | 'length' | 'options'> {
	readonly sourcePort: number;
	readonly destinationPort: number;
}

const SHORTEST_HEADER = 20;

/**
 * Parses the TCP header (RFC 9293, 3.1) that begins at `start`.
 *
 * @param segmentLength the length of header and payload, from the IP header; the snapshot may contain less
 * @returns the reason, as a string, if it is not a TCP header
 */
export function readTcp(view: DataView, start: number, segmentLength: number): ReadSegment | string {
	if (view.byteLength < start + SHORTEST_HEADER) return 'truncated TCP header';
	const headerLength = (view.getUint8(start + 12) >> 4) * 4;
	if (headerLength < SHORTEST_HEADER) return `TCP header of ${headerLength} bytes`;
	if (segmentLength < headerLength) return 'TCP segment shorter than its header';
	return {
		sourcePort: view.getUint16(start),
		destinationPort: view.getUint16(start + 2),
		seq: view.getUint32(start + 4),
		ack: view.getUint32(start + 8),
		flags: FLAG_TEXTS[view.getUint16(start + 12) & 0x1ff] ?? 'none',
		window: view.getUint16(start + 14),
		length: segmentLength - headerLength,
		options: readTcpOptions(view, start + SHORTEST_HEADER, Math.min(start + headerLength, view.byteLength)),
	};
}
