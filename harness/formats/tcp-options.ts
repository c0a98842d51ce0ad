import type { TcpOptions, Writable } from './types.ts';

/** Kinds of options (https://www.iana.org/assignments/tcp-parameters). */
const END = 0;
const NO_OPERATION = 1;
const MSS = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMP = 8;
const MPTCP = 30;
const FAST_OPEN = 34;
/** The kinds of options by the names that tcpdump and ladders print. */
export const OPTION_KINDS = {
	mss: MSS,
	wscale: WINDOW_SCALE,
	sackOK: SACK_PERMITTED,
	sack: SACK,
	TS: TIMESTAMP,
	mptcp: MPTCP,
	tfo: FAST_OPEN,
} as const;
/** Accurate ECN, with its counters in either order (RFC 9768, 3.2.3). */
const ACCURATE_ECN_0 = 172;
const ACCURATE_ECN_1 = 174;
/** The kind of all experimental options. The two bytes after the length identify the experiment (RFC 6994). */
const EXPERIMENT = 254;
const EXPERIMENTS: ReadonlyMap<number, number> = new Map([
	[0xf989, FAST_OPEN],
	[0xacc0, ACCURATE_ECN_0],
	[0xacc1, ACCURATE_ECN_1],
]);

/** The subtypes of MPTCP options, by number (RFC 8684, 8.2). */
const MPTCP_SUBTYPES = [
	'MP_CAPABLE',
	'MP_JOIN',
	'DSS',
	'ADD_ADDR',
	'REMOVE_ADDR',
	'MP_PRIO',
	'MP_FAIL',
	'MP_FASTCLOSE',
	'MP_TCPRST',
];

/**
 * Parses the options of a TCP header, which are between `start` and `end`. Ignores other kinds of options, and options
 * with a wrong length. Stops at the end of the snapshot.
 */
export function readTcpOptions(view: DataView, start: number, end: number): TcpOptions {
	const options: Writable<TcpOptions> = {};
	for (let at = start; at < end; ) {
		const kind = view.getUint8(at);
		if (kind === END) break;
		if (kind === NO_OPERATION) {
			at++;
			continue;
		}
		const length = at + 1 < end ? view.getUint8(at + 1) : 0;
		if (length < 2 || at + length > end) break;
		readOption(options, view, kind, at + 2, at + length);
		at += length;
	}
	return options;
}

function readOption(options: Writable<TcpOptions>, view: DataView, kind: number, start: number, end: number): void {
	const length = end - start;
	if (kind === TIMESTAMP && length === 8)
		options.timestamp = { value: view.getUint32(start), echo: view.getUint32(start + 4) };
	else if (kind === SACK && length > 0 && length % 8 === 0) options.sack = sackBlocks(view, start, end);
	else if (kind === MSS && length === 2) options.mss = view.getUint16(start);
	else if (kind === WINDOW_SCALE && length === 1) options.windowScale = view.getUint8(start);
	else if (kind === SACK_PERMITTED && length === 0) options.sackPermitted = true;
	else if (kind === MPTCP && length > 0) options.mptcp = withSubtype(options.mptcp, view.getUint8(start) >> 4);
	else if (kind === FAST_OPEN) options.fastOpen = hex(view, start, end);
	else if (kind === ACCURATE_ECN_0 || kind === ACCURATE_ECN_1)
		options.accurateEcn = accurateEcn(kind, hex(view, start, end));
	else if (kind === EXPERIMENT && length >= 2) {
		const known = EXPERIMENTS.get(view.getUint16(start));
		if (known !== undefined) readOption(options, view, known, start + 2, end);
	}
}

function sackBlocks(view: DataView, start: number, end: number): { from: number; to: number }[] {
	const blocks: { from: number; to: number }[] = [];
	for (let at = start; at < end; at += 8) blocks.push({ from: view.getUint32(at), to: view.getUint32(at + 4) });
	return blocks;
}

/** Adds a subtype to the earlier ones of the same segment, e.g. `DSS, ADD_ADDR`. */
function withSubtype(earlier: string | undefined, subtype: number): string {
	const name = MPTCP_SUBTYPES[subtype] ?? `subtype ${subtype}`;
	return earlier === undefined ? name : `${earlier}, ${name}`;
}

function accurateEcn(kind: number, counters: string): string {
	return ['AccECN', kind === ACCURATE_ECN_0 ? '0' : '1', counters && ` ${counters}`].join('');
}

function hex(view: DataView, start: number, end: number): string {
	let text = '';
	for (let at = start; at < end; at++) text += view.getUint8(at).toString(16).padStart(2, '0');
	return text;
}
