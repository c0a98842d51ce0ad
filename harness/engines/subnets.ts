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

export interface HostAddress {
	readonly address: string;
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
	const base = FIRST_BLOCK + ((start + lab) % BLOCKS) * 8;
	return { cidr: `${dotted(base)}/${PREFIX_LENGTH}`, client: hostAddress(base + 2), server: hostAddress(base + 3) };
}

/** The MAC is locally administered (the 02 bit) and derived from the address, as Docker's own are. */
function hostAddress(address: number): HostAddress {
	const bytes = octets(address).map((octet) => octet.toString(16).padStart(2, '0'));
	return { address: dotted(address), mac: ['02', '00', ...bytes].join(':') };
}

function octets(address: number): number[] {
	return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
}

function dotted(address: number): string {
	return octets(address).join('.');
}
