import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { BLOCKS, randomBlock } from './subnets.ts';

/** Blocks of one part of the range; a run of all specs takes some two hundred. */
const PART = 340;
const PARTS = BLOCKS / PART;
/** So many runs at once are more than a machine can bear; what is drawn then may be another's. */
const MAX_DRAWS = 100;

/** A run's place in the range of subnets. */
export interface Reservation {
	/** The block before its first lab's. */
	readonly first: number;
	release(): void;
}

/**
 * Draws where a run begins, not where another run of this machine is: the kernel's trace tells labs apart by their
 * addresses alone. The part that it begins in and the next are its own, by the name of a socket that nobody connects
 * to: the kernel forgets it with the process.
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
