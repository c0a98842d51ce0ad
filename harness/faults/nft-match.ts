import { HalfopenError } from '../errors.ts';
import {
	FLAG_VALUES,
	type FlagCriteria,
	parseMatch,
	type SegmentCriteria,
	type SegmentMatch,
} from './segment-match.ts';

/** A match that the wire can have. */
export type WireCriteria = Omit<SegmentCriteria, 'payload'>;

/**
 * Reads a match, like `parseMatch`. Throws OPTION_INVALID also for a match by payload: nft compares bytes at fixed
 * places only.
 */
export function parseWireMatch(match: SegmentMatch): WireCriteria {
	const { payload, ...criteria } = parseMatch(match);
	if (payload !== undefined) throw cannotSearch();
	return criteria;
}

/** A match in the words of nft(8), for a chain of a bridge. */
export interface NftMatch {
	/** The expressions of a rule: they are true for the segments that match. */
	readonly expression: string;
	/** The sets that they need. Both directions may share them. */
	readonly sets: readonly NftSet[];
}

export interface NftSet {
	readonly name: string;
	/** The rest of the command `add set <table> <name>`. */
	readonly definition: string;
}

/** The resolution of a share: one in a million. */
export const PARTS = 1_000_000;

/**
 * Translates a match for nft. `id` is the name of the fault. All packets match if there is nothing to match but a
 * probability; anything else matches TCP segments only.
 */
export function nftMatch(criteria: WireCriteria, id: string): NftMatch {
	const { probability, ...tcp } = criteria;
	const { sourceAddress, destinationAddress, sourcePort, destinationPort, flags, length, option, every, nth } = tcp;
	const ip = criteria.version === 'ipv6' ? 'ip6' : 'ip';
	const counted = nth === undefined ? [] : nthOfConnection(nth, id);
	const expressions = [
		Object.keys(tcp).length > 0 && 'meta l4proto tcp',
		sourceAddress !== undefined && `${ip} saddr ${sourceAddress}`,
		destinationAddress !== undefined && `${ip} daddr ${destinationAddress}`,
		sourcePort !== undefined && `tcp sport ${sourcePort}`,
		destinationPort !== undefined && `tcp dport ${destinationPort}`,
		flags !== undefined && `tcp flags & ${bitsOf(flags.mask)} == ${bitsOf(flags.set)}`,
		option !== undefined && `tcp option ${option} exists`,
		length !== undefined && dataOf(length),
		// These count, so they come after everything else that a segment must have.
		every !== undefined && `numgen inc mod ${every} 0`,
		probability !== undefined && chance(probability),
		...counted.map(({ update }) => update),
	];
	return { expression: expressions.filter(Boolean).join(' '), sets: counted.map(({ set }) => set) };
}

/** Returns an expression that is true with this probability. nft refuses a comparison with more than PARTS - 1. */
export const chance = (probability: number): string =>
	`numgen random mod ${PARTS} <= ${Math.max(1, Math.round(probability * PARTS)) - 1}`;

const bitsOf = (flags: FlagCriteria['mask']): string =>
	`0x${flags.reduce((bits, flag) => bits | FLAG_VALUES[flag], 0).toString(16)}`;

/** The lengths of IPv4 and TCP headers, in units of 4 bytes (RFC 791, 3.1, IHL; RFC 9293, 3.1, Data Offset). */
const WORDS = Array.from({ length: 11 }, (_, index) => 5 + index);
/** RFC 8200, 3. */
const IPV6_HEADER_WORDS = 10;

/**
 * Matches a number of bytes of data. nft does not subtract, so all combinations of headers are listed: the first byte
 * of the IP header, the byte of the TCP header with the Data Offset, and the length that the packet has with them. An
 * IPv6 packet is taken to have no extension headers: no stack of a lab sends TCP with any.
 */
function dataOf({ atLeast, atMost }: NonNullable<WireCriteria['length']>): string {
	const ipHeaders = [
		...WORDS.map((words) => ({ firstByte: hex(0x40 + words), words })),
		{ firstByte: range(0x60, 0x6f, hex), words: IPV6_HEADER_WORDS },
	];
	const elements = ipHeaders.flatMap(({ firstByte, words }) =>
		WORDS.map((tcpWords) => {
			const headers = 4 * (words + tcpWords);
			const offset = range(tcpWords << 4, (tcpWords << 4) | 0xf, hex);
			return `${firstByte} . ${offset} . ${range(headers + atLeast, headers + atMost, String)}`;
		}),
	);
	return `@nh,0,8 . @th,96,8 . meta length { ${elements.join(', ')} }`;
}

const hex = (byte: number) => `0x${byte.toString(16)}`;
const range = (from: number, to: number, format: (value: number) => string) =>
	from === to ? format(from) : `${format(from)}-${format(to)}`;

/** A connection in one direction, of either IP version. */
const CONNECTION = 'meta protocol . ether saddr . ether daddr . tcp sport . tcp dport';
const CONNECTION_SET =
	'{ type ether_type . ether_addr . ether_addr . inet_service . inet_service; flags dynamic; size 65535; }';

/**
 * The sets of connections that are counted, and the statements that count. A burst is what passes before the rate
 * counts; one packet a day adds nothing while a scenario runs. So the first statement is true from the nth packet on,
 * and the second only for the first of these.
 */
function nthOfConnection(nth: number, id: string): { set: NftSet; update: string }[] {
	const counting = (name: string, limit: string) => ({
		set: { name, definition: CONNECTION_SET },
		update: `add @${name} { ${CONNECTION} limit rate ${limit} packets }`,
	});
	return [
		...(nth > 1 ? [counting(`${id}-before`, `over 1/day burst ${nth - 1}`)] : []),
		counting(`${id}-after`, '1/day burst 1'),
	];
}

function cannotSearch(): HalfopenError {
	return new HalfopenError('OPTION_INVALID', {
		problem: 'The wire cannot match by payload.',
		seen: 'nft compares bytes at fixed places. It does not search.',
		remedy: 'Use `host.drop({ payload })` of the host that receives the segment, or match by `length`.',
	});
}
