/** The length of the fixed header (RFC 8200, 3). */
export const IPV6_HEADER = 40;

/** Extension headers (RFC 8200, 4): hop-by-hop options, routing, destination options. Their length is in 8 bytes. */
const OPTIONS: ReadonlySet<number> = new Set([0, 43, 60]);
const FRAGMENT = 44;

/** What follows the headers of an IPv6 packet. */
export interface Ipv6Payload {
	readonly protocol: number;
	/** Where it begins. */
	readonly start: number;
	/** Whether it is a fragment that is not the first one, and so does not begin with a header. */
	readonly isLaterFragment: boolean;
}

/**
 * Finds the payload of an IPv6 packet behind its extension headers.
 *
 * @returns the reason, as a string, if it is not an IPv6 packet, or the snapshot ends in its headers
 */
export function ipv6PayloadOf(bytes: Uint8Array): Ipv6Payload | string {
	if (bytes.length < IPV6_HEADER) return 'truncated IPv6 header';
	const version = (bytes[0] ?? 0) >> 4;
	if (version !== 6) return `IP version ${version}`;
	let protocol = bytes[6] ?? 0;
	let start = IPV6_HEADER;
	let isLaterFragment = false;
	while (OPTIONS.has(protocol) || protocol === FRAGMENT) {
		if (bytes.length < start + 8) return 'truncated IPv6 extension header';
		const isFragment = protocol === FRAGMENT;
		// The upper 13 bits are the offset (RFC 8200, 4.5).
		if (isFragment) isLaterFragment ||= (((bytes[start + 2] ?? 0) << 8) | (bytes[start + 3] ?? 0)) >> 3 > 0;
		protocol = bytes[start] ?? 0;
		start += isFragment ? 8 : ((bytes[start + 1] ?? 0) + 1) * 8;
		if (isLaterFragment) break;
	}
	return { protocol, start, isLaterFragment };
}
