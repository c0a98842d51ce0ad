import type { Fault } from './fault.ts';
import { nftMatch } from './nft-match.ts';
import { type Relaying, relayFault } from './relayed.ts';
import { direction, type WireFaultOptions } from './wire-loss.ts';

/** The options of a limited rate. */
export interface RateOptions extends WireFaultOptions {
	/** Kilobits per second (1,000 bits) of Ethernet frames, in each direction. */
	readonly kbit: number;
	/** How many bytes of frames wait in the queue of each direction. What does not fit is lost. By default 64 KiB. */
	readonly queueBytes?: number;
}

const QUEUE_BYTES = 64 << 10;

/** Sends frames one after the other at a rate, with a queue in front (a drop-tail FIFO). */
export async function limitRate(relaying: Relaying, options: RateOptions): Promise<Fault> {
	const { name, from, kbit, queueBytes = QUEUE_BYTES } = options;
	const { context } = relaying;
	const id = context.names.take('rate', name);
	// Bits divided by kilobits per second are milliseconds.
	context.history.coverage.allowDelay((queueBytes * 8) / kbit / 1_000);
	return relayFault(relaying, {
		...{ id, kind: 'rate', from, match: nftMatch({}, id), does: 'take' },
		numbers: [kbit, queueBytes],
		effects: ['queued', 'dropped'],
		inWords: 'that came to the queue',
		text: `the link carries ${kbit} kbit/s${direction(from)}, with a queue of ${queueBytes} bytes`,
	});
}
