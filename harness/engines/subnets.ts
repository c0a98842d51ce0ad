import { ipv6Text } from '../formats/address.ts';

/**
 * Subnets of labs: the /29 blocks of 198.18.0.0/15. RFC 2544 reserves this range for benchmarks, so they overlap with
 * no other network. Orphaned sockets of a removed lab emit events with its addresses for minutes. So a run never uses a
 * block twice, and each run starts at another block.
 */
const FIRST_BLOCK = (198 << 24) | (18 << 16);
/** The number of blocks below 198.18.255.0, which docker-compose.yml uses. */
export const BLOCKS = (255 * 256) / 8;

/** The length of the prefix of every block. */
export const PREFIX_LENGTH = 29;

/**
 * The first bytes of 2001:2::/48, which RFC 5180 reserves for benchmarks of IPv6. The block of a lab there is the /64
 * with the number of its IPv4 block.
 */
const IPV6_NETWORK = [0x20, 0x01, 0x00, 0x02, 0x00, 0x00];
export const IPV6_PREFIX_LENGTH = 64;

/** Set in the number of the IPv6 block of a routed lab’s second half. The numbers of blocks have 13 bits. */
const SECOND_HALF = 0x80;
/** The length of the IPv4 prefix of each half of a block, if a router divides it. */
export const HALF_PREFIX_LENGTH = 30;

export interface HostAddress {
	/** Its IPv4 address. */
	readonly address: string;
	readonly ipv6: string;
	readonly mac: string;
}

/** The block of a lab. */
export interface Subnet {
	readonly cidr: string;
	readonly client: HostAddress;
	readonly server: HostAddress;
	/** The addresses if a router is between the hosts. */
	readonly routed: RoutedSubnets;
}

/** The two halves of a block: one for each host and the router’s interface to it. */
export interface RoutedSubnets {
	readonly client: HostAddress;
	readonly server: HostAddress;
	/** The router’s interfaces, by the host that is at the other end of the cable. */
	readonly router: Readonly<Record<'client' | 'server', HostAddress>>;
}

/** Returns a random first block for a run. */
export function randomBlock(): number {
	return Math.floor(Math.random() * BLOCKS);
}

/**
 * Returns the block of a lab of a run that started at `start`: .2 is the client, .3 the server. With a router, .2 and .6
 * are the client and the server, .1 and .5 the router.
 */
export function subnet(start: number, lab: number): Subnet {
	const block = (start + lab) % BLOCKS;
	const cidr = `${dotted(FIRST_BLOCK + block * 8)}/${PREFIX_LENGTH}`;
	const [client, server] = [hostAddress(block, 2), hostAddress(block, 3)];
	return {
		cidr,
		client,
		server,
		routed: {
			client,
			// The interface is the same, so its MAC is.
			server: { ...hostAddress(block, 6, SECOND_HALF), mac: server.mac },
			router: { client: hostAddress(block, 1), server: hostAddress(block, 5, SECOND_HALF) },
		},
	};
}

/** The MAC is locally administered (the 02 bit) and derived from the address, as Docker's own are. */
function hostAddress(block: number, host: number, half = 0): HostAddress {
	const address = FIRST_BLOCK + block * 8 + host;
	const bytes = octets(address).map((octet) => octet.toString(16).padStart(2, '0'));
	const ipv6 = [...IPV6_NETWORK, (block >> 8) | half, block & 0xff, 0, 0, 0, 0, 0, 0, 0, host];
	return { address: dotted(address), ipv6: ipv6Text(ipv6), mac: ['02', '00', ...bytes].join(':') };
}

function octets(address: number): number[] {
	return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
}

function dotted(address: number): string {
	return octets(address).join('.');
}
