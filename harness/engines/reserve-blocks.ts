import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { BLOCKS, randomBlock } from './subnets.ts';

/** Blocks in one part of the range. A run of all specs takes some two hundred. */
const PART = 340;
const PARTS = BLOCKS / PART;
/**
 * A machine cannot run that many runs at once. If all draws fail, the last block is used although another run may have
 * it.
 */
const MAX_DRAWS = 100;

/** A reserved place in the range of subnets. */
export interface Reservation {
	/** The block before that of the run's first lab. */
	readonly first: number;
	release(): void;
}

/**
 * Draws a first block that no other run of this machine uses: the kernel's trace distinguishes labs by their addresses
 * only. The run reserves the part of that block and the next one, by binding an abstract socket for each. The kernel
 * releases them when the process ends.
 */
export async function reserveBlocks(draw = randomBlock): Promise<Reservation> {
	for (let drawn = 1; ; drawn++) {
		const first = draw();
		const part = Math.floor(first / PART);
		const held: Server[] = [];
		for (const name of [part, (part + 1) % PARTS]) {
			const server = await reservePart(name);
			if (server) held.push(server);
		}
		const release = () => {
			for (const server of held.splice(0)) server.close();
		};
		if (held.length === 2 || drawn === MAX_DRAWS) return { first, release };
		release();
	}
}

async function reservePart(part: number): Promise<Server | undefined> {
	const server = createServer().unref();
	try {
		server.listen(`\0halfopen-blocks-${part}`);
		await once(server, 'listening');
		return server;
	} catch {
		return undefined;
	}
}
