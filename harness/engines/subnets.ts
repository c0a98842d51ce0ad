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
}

/** Returns a random first block for a run. */
export function randomBlock(): number {
	return Math.floor(Math.random() * BLOCKS);
}

/** Returns the block of a lab of a run that started at `start`: .2 is the client, .3 the server. */
export function subnet(start: number, lab: number): Subnet {
	const block = (start + lab) % BLOCKS;
	const cidr = `${dotted(FIRST_BLOCK + block * 8)}/${PREFIX_LENGTH}`;
	return { cidr, client: hostAddress(block, 2), server: hostAddress(block, 3) };
}

/** The MAC is locally administered (the 02 bit) and derived from the address, as Docker's own are. */
function hostAddress(block: number, host: number): HostAddress {
	const address = FIRST_BLOCK + block * 8 + host;
	const bytes = octets(address).map((octet) => octet.toString(16).padStart(2, '0'));
	const ipv6 = [...IPV6_NETWORK, block >> 8, block & 0xff, 0, 0, 0, 0, 0, 0, 0, host];
	return { address: dotted(address), ipv6: ipv6Text(ipv6), mac: ['02', '00', ...bytes].join(':') };
}

function octets(address: number): number[] {
	return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
}

function dotted(address: number): string {
	return octets(address).join('.');
}
