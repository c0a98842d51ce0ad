import { ipv6Text } from './address.ts';
import { PROTOCOL } from './captured.ts';
import { ICMPV4_NAMES, type ReadIcmp } from './icmp.ts';
import { ipv6PayloadOf } from './ipv6-header.ts';
import type { Endpoint } from './types.ts';

/** The names of types and codes in `ip6tables -p icmpv6 -h`. A key without a code is for all codes of the type. */
const NAMES: ReadonlyMap<string, string> = new Map([
	['1/0', 'no-route'],
	['1/1', 'communication-prohibited'],
	['1/2', 'beyond-scope'],
	['1/3', 'address-unreachable'],
	['1/4', 'port-unreachable'],
	['1/5', 'failed-policy'],
	['1/6', 'reject-route'],
	['2', 'packet-too-big'],
	['3/0', 'ttl-zero-during-transit'],
	['3/1', 'ttl-zero-during-reassembly'],
	['4/0', 'bad-header'],
	['4/1', 'unknown-header-type'],
	['4/2', 'unknown-option'],
	['128', 'echo-request'],
	['129', 'echo-reply'],
	['133', 'router-solicitation'],
	['134', 'router-advertisement'],
	['135', 'neighbour-solicitation'],
	['136', 'neighbour-advertisement'],
	['137', 'redirect'],
]);

/** All names of ICMP messages of both versions, except `type … code …`. */
export const ICMP_NAMES: ReadonlySet<string> = new Set([...ICMPV4_NAMES, ...NAMES.values()]);

/**
 * The names of ICMP errors that have another name in ICMPv6, and that name. A kernel gives both to TCP as the same errno
 * (icmp_err_convert of net/ipv4/icmp.c, icmpv6_err_convert of net/ipv6/icmp.c): EHOSTUNREACH, ENETUNREACH, EMSGSIZE.
 */
const NAME_IN_V6: Readonly<Record<string, string>> = {
	'host-unreachable': 'address-unreachable',
	'network-unreachable': 'no-route',
	'fragmentation-needed': 'packet-too-big',
};

/** Whether two names stand for the same message, in either version. */
export const isSameIcmp = (one: string, other: string): boolean =>
	(NAME_IN_V6[one] ?? one) === (NAME_IN_V6[other] ?? other);

const HEADER = 8;
const PACKET_TOO_BIG = 2;
/** Messages of lower types are errors, which quote the packet that caused them (RFC 4443, 2.1). */
const FIRST_INFORMATIONAL = 128;
/** Messages of routers and of neighbour discovery (RFC 4861, 4), and reports of multicast listeners (RFC 3810, 5). */
const NEIGHBOUR_DISCOVERY: ReadonlySet<number> = new Set([133, 134, 135, 136]);
const MULTICAST_LISTENERS: ReadonlySet<number> = new Set([130, 131, 132, 143]);

/**
 * Parses an ICMPv6 message (RFC 4443).
 *
 * @returns what it is, as a string, if it is no message between hosts, or none at all
 */
export function readIcmpv6(bytes: Uint8Array): ReadIcmp | { readonly what: string } {
	if (bytes.length < HEADER) return { what: 'undecodable: truncated ICMPv6 header' };
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const type = view.getUint8(0);
	const code = view.getUint8(1);
	const name = NAMES.get(`${type}/${code}`) ?? NAMES.get(`${type}`) ?? `type ${type} code ${code}`;
	if (NEIGHBOUR_DISCOVERY.has(type)) return { what: name };
	if (MULTICAST_LISTENERS.has(type)) return { what: 'multicast listener' };
	const rest = view.getUint32(4);
	const quotes = type < FIRST_INFORMATIONAL ? readQuote(bytes.subarray(HEADER)) : undefined;
	return { type, code, name, ...(type === PACKET_TOO_BIG && { mtu: rest }), rest, ...(quotes && { quotes }) };
}

/** Parses the quoted packet: an IPv6 header and the beginning of a TCP segment. */
function readQuote(bytes: Uint8Array): { from: Endpoint; to: Endpoint; seq: number } | undefined {
	const payload = ipv6PayloadOf(bytes);
	if (typeof payload === 'string' || payload.protocol !== PROTOCOL.TCP || payload.isLaterFragment) return undefined;
	const { start } = payload;
	if (bytes.length < start + 8) return undefined;
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	return {
		from: { address: ipv6Text(bytes, 8), port: view.getUint16(start) },
		to: { address: ipv6Text(bytes, 24), port: view.getUint16(start + 2) },
		seq: view.getUint32(start + 4),
	};
}
