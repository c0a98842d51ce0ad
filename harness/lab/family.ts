import { HALF_PREFIX_LENGTH, type HostAddress, IPV6_PREFIX_LENGTH, PREFIX_LENGTH } from '../engines/subnets.ts';
import { HalfopenError } from '../errors.ts';
import type { Family, TimelineFile } from '../timeline/timeline-file.ts';

/** The versions of IP. */
export const IP_VERSIONS = ['ipv4', 'ipv6'] as const;
export type IpVersion = (typeof IP_VERSIONS)[number];

/** The versions of IP that the hosts of a lab have. Peers use the first, unless a spec says otherwise. */
export const versionsIn = (family: Family): readonly IpVersion[] => (family === 'dual' ? IP_VERSIONS : [family]);

/** The version of an address, or of a network with its prefix length. */
export const versionOf = (address: string): IpVersion => (address.includes(':') ? 'ipv6' : 'ipv4');

/** One end of the wire: the addresses and the MAC of a host's interface. */
export interface NetworkEnd {
	/** In the order of `versionsIn`. */
	readonly addresses: readonly string[];
	readonly mac: string;
}

/** Returns the addresses that a host has in a family. */
export function networkEnd(family: Family, { address, ipv6, mac }: HostAddress): NetworkEnd {
	return { addresses: versionsIn(family).map((version) => (version === 'ipv4' ? address : ipv6)), mac };
}

/** Returns an end as the head of a timeline file has it. */
export function factsOf({ addresses, mac }: NetworkEnd): TimelineFile['hosts']['client'] {
	const [ip = '', ipv6] = addresses;
	return { ip, ...(ipv6 !== undefined && { ipv6 }), mac };
}

/** Returns the address of this version, by default the one that peers use. Throws FAMILY_UNAVAILABLE if there is none. */
export function addressOf({ addresses }: NetworkEnd, version?: IpVersion): string {
	const [first = ''] = addresses;
	const found = version === undefined ? first : addresses.find((address) => versionOf(address) === version);
	if (found !== undefined) return found;
	throw new HalfopenError('FAMILY_UNAVAILABLE', {
		problem: `The hosts of this lab have no ${version} address.`,
		seen: addresses.join(', '),
		remedy: 'Run the lab with both: HALFOPEN_FAMILY=dual.',
	});
}

/** Returns the length of the prefix that all hosts of a lab or, with a router, both ends of a cable have in common. */
export function prefixLengthOf(address: string, isRouted = false): number {
	if (versionOf(address) === 'ipv6') return IPV6_PREFIX_LENGTH;
	return isRouted ? HALF_PREFIX_LENGTH : PREFIX_LENGTH;
}
