import { FLAG_BITS } from '../tcp.ts';
import type { CapturedSegment, FlagText, TcpOptions } from './types.ts';

/** The text of each combination of flags. */
const FLAG_TEXTS: readonly FlagText[] = Array.from({ length: 256 }, (_, bits) => {
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
		flags: FLAG_TEXTS[view.getUint8(13)] ?? 'none',
		window: view.getUint16(14),
		length: segmentLength - headerLength,
		options: readOptions(view, Math.min(headerLength, bytes.length)),
	};
}

/** Kinds of options (https://www.iana.org/assignments/tcp-parameters). */
const END = 0;
const NO_OPERATION = 1;
const MSS = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMP = 8;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads options as far as they were captured and are well-formed; those of other kinds, and of a wrong length, are passed over. */
function readOptions(view: DataView, end: number): TcpOptions {
	const options: Writable<TcpOptions> = {};
	for (let at = SHORTEST_HEADER; at < end; ) {
		const kind = view.getUint8(at);
		if (kind === END) break;
		if (kind === NO_OPERATION) {
			at++;
			continue;
		}
		const length = at + 1 < end ? view.getUint8(at + 1) : 0;
		if (length < 2 || at + length > end) break;
		if (kind === MSS && length === 4) options.mss = view.getUint16(at + 2);
		else if (kind === WINDOW_SCALE && length === 3) options.windowScale = view.getUint8(at + 2);
		else if (kind === SACK_PERMITTED && length === 2) options.sackPermitted = true;
		else if (kind === TIMESTAMP && length === 10) options.timestamp = { value: view.getUint32(at + 2), echo: view.getUint32(at + 6) };
		else if (kind === SACK && length > 2 && length % 8 === 2) options.sack = readSack(view, at + 2, at + length);
		at += length;
	}
	return options;
}

function readSack(view: DataView, start: number, end: number): { from: number; to: number }[] {
	const blocks: { from: number; to: number }[] = [];
	for (let at = start; at < end; at += 8) blocks.push({ from: view.getUint32(at), to: view.getUint32(at + 4) });
	return blocks;
}
