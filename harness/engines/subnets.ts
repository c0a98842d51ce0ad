/**
 * Subnets of labs: the /29 blocks of 198.18.0.0/15, which RFC 2544 sets apart for tests between two hosts, so they meet
 * nobody's network. Orphaned sockets of a dead lab go on emitting events for minutes with its addresses, so a run never
 * uses a block twice, and begins at a place of its own.
 */
const FIRST_BLOCK = (198 << 24) | (18 << 16);
/** Up to 198.18.255.0, where docker-compose.yml has the hosts for playing by hand. */
export const BLOCKS = (255 * 256) / 8;
export interface Subnet {
	readonly cidr: string;
	readonly client: { readonly address: string; readonly mac: string };
	readonly server: { readonly address: string; readonly mac: string };
}

/** Where a run begins: any block, by chance. */
export function randomBlock(): number {
	return Math.floor(Math.random() * BLOCKS);
}

/** The block of one lab of a run that began at `start`: .1 is the engine's bridge, .2 the client, .3 the server. */
export function subnet(start: number, lab: number): Subnet {
	const base = FIRST_BLOCK + ((start + lab) % BLOCKS) * 8;
	return { cidr: `${dotted(base)}/29`, client: hostAddress(base + 2), server: hostAddress(base + 3) };
}

/** MACs are locally administered (the 02 bit) and made of the address, as Docker's own are. */
function hostAddress(address: number): { address: string; mac: string } {
	const bytes = octets(address).map((octet) => octet.toString(16).padStart(2, '0'));
	return { address: dotted(address), mac: ['02', '00', ...bytes].join(':') };
}

function octets(address: number): number[] {
	return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
}

function dotted(address: number): string {
	return octets(address).join('.');
}
