import type { CapturedIcmp, Endpoint } from './types.ts';

/** The names of types and codes in `iptables -p icmp -h`. A key without a code is for all codes of the type. */
const NAMES: ReadonlyMap<string, string> = new Map([
	['0', 'echo-reply'],
	['3/0', 'network-unreachable'],
	['3/1', 'host-unreachable'],
	['3/2', 'protocol-unreachable'],
	['3/3', 'port-unreachable'],
	['3/4', 'fragmentation-needed'],
	['3/5', 'source-route-failed'],
	['3/6', 'network-unknown'],
	['3/7', 'host-unknown'],
	['3/9', 'network-prohibited'],
	['3/10', 'host-prohibited'],
	['3/11', 'TOS-network-unreachable'],
	['3/12', 'TOS-host-unreachable'],
	['3/13', 'communication-prohibited'],
	['3/14', 'host-precedence-violation'],
	['3/15', 'precedence-cutoff'],
	['4', 'source-quench'],
	['5/0', 'network-redirect'],
	['5/1', 'host-redirect'],
	['5/2', 'TOS-network-redirect'],
	['5/3', 'TOS-host-redirect'],
	['8', 'echo-request'],
	['9', 'router-advertisement'],
	['10', 'router-solicitation'],
	['11/0', 'ttl-zero-during-transit'],
	['11/1', 'ttl-zero-during-reassembly'],
	['12/0', 'ip-header-bad'],
	['12/1', 'required-option-missing'],
	['13', 'timestamp-request'],
	['14', 'timestamp-reply'],
	['17', 'address-mask-request'],
	['18', 'address-mask-reply'],
]);

/** All names of messages, except `type … code …`. */
export const ICMPV4_NAMES: ReadonlySet<string> = new Set(NAMES.values());

/** Returns the name of a message in iptables(8), or `type … code …` if it has none. */
export function icmpName(type: number, code: number): string {
	return NAMES.get(`${type}/${code}`) ?? NAMES.get(`${type}`) ?? `type ${type} code ${code}`;
}

const HEADER = 8;
const UNREACHABLE = 3;
const FRAGMENTATION_NEEDED = 4;
/** The types of error messages, which quote the packet that caused them (RFC 792; RFC 1812, 4.3.2.3). */
const QUOTING: ReadonlySet<number> = new Set([UNREACHABLE, 4, 5, 11, 12]);

/** A parsed ICMP message, without addresses. */
export type ReadIcmp = Pick<CapturedIcmp, 'type' | 'code' | 'name' | 'mtu' | 'rest' | 'quotes'>;

/**
 * Parses an ICMP message (RFC 792).
 *
 * @returns the reason, as a string, if it is not an ICMP message
 */
export function readIcmp(bytes: Uint8Array): ReadIcmp | string {
	if (bytes.length < HEADER) return 'truncated ICMP header';
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const type = view.getUint8(0);
	const code = view.getUint8(1);
	const quotes = QUOTING.has(type) ? readQuote(bytes.subarray(HEADER)) : undefined;
	// The MTU is in the last two bytes of the field that RFC 792 leaves unused (RFC 1191, 4).
	const isTooBig = type === UNREACHABLE && code === FRAGMENTATION_NEEDED;
	return {
		type,
		code,
		name: icmpName(type, code),
		...(isTooBig && { mtu: view.getUint16(6) }),
		rest: view.getUint32(4),
		...(quotes && { quotes }),
	};
}

const TCP = 6;
const SHORTEST_IP_HEADER = 20;

/**
 * Parses the quoted packet: an IP header and the beginning of a TCP segment. At least 8 bytes of the segment are
 * quoted, which contain the ports and the sequence number (RFC 792).
 */
function readQuote(bytes: Uint8Array): { from: Endpoint; to: Endpoint; seq: number } | undefined {
	if (bytes.length < SHORTEST_IP_HEADER) return undefined;
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const first = view.getUint8(0);
	const header = (first & 0x0f) * 4;
	const isFirstFragment = (view.getUint16(6) & 0x1fff) === 0;
	if (first >> 4 !== 4 || header < SHORTEST_IP_HEADER || view.getUint8(9) !== TCP || !isFirstFragment) return undefined;
	if (bytes.length < header + 8) return undefined;
	return {
		from: { address: addressAt(bytes, 12), port: view.getUint16(header) },
		to: { address: addressAt(bytes, 16), port: view.getUint16(header + 2) },
		seq: view.getUint32(header + 4),
	};
}

/** A cache of formatted addresses. There are few, and formatting them costs more than parsing the rest of a packet. */
const ADDRESSES = new Map<number, string>();
const MAX_ADDRESSES = 10_000;

/** Returns the IPv4 address at an index, in dotted notation. */
export function addressAt(bytes: Uint8Array, at: number): string {
	const number =
		((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
	const known = ADDRESSES.get(number);
	if (known !== undefined) return known;
	if (ADDRESSES.size === MAX_ADDRESSES) ADDRESSES.clear();
	const text = `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
	ADDRESSES.set(number, text);
	return text;
}
