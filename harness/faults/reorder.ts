import type { Fault } from './fault.ts';
import { type Relaying, relayFault, SEGMENTS, segmentsOf } from './relayed.ts';
import type { PacketChoice } from './wire-loss.ts';

/** The options of a fault that changes the order of segments. */
export interface ReorderOptions extends PacketChoice {
	/** How many segments of its direction overtake a segment. */
	readonly by: number;
	/** The longest time for which a segment is kept, in milliseconds, if so many do not come. By default 100. */
	readonly atMostMs?: number;
}

/** Shorter than the smallest retransmission timeout, which is 200 ms (TCP_RTO_MIN, include/net/tcp.h). */
const AT_MOST_MS = 100;

/** Keeps segments until others have overtaken them, or for a time at most. */
export async function reorderSegments(relaying: Relaying, options: ReorderOptions): Promise<Fault> {
	const { name, by, atMostMs = AT_MOST_MS, ...chosen } = options;
	const id = relaying.context.names.take('reorder', name);
	const { match, concerned } = segmentsOf(chosen, id);
	return relayFault(relaying, {
		// The others pass the relay, too, because it counts those that overtake.
		...{ id, kind: 'reorder', from: options.from, match: SEGMENTS, chosen: match, does: 'take' },
		numbers: [by, Math.round(atMostMs * 1_000)],
		effects: ['overtaken'],
		inWords: 'overtaken',
		text: `${by} others overtake segments on the link${concerned}`,
	});
}
