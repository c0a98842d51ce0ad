import type { Fault } from './fault.ts';
import { type Relaying, relayFault, segmentsOf } from './relayed.ts';
import type { PacketChoice } from './wire-loss.ts';

/** Sends segments twice. The copy follows at once. */
export async function duplicateSegments(relaying: Relaying, { name, ...options }: PacketChoice): Promise<Fault> {
	const id = relaying.context.names.take('duplicate', name);
	const { match, concerned } = segmentsOf(options, id);
	return relayFault(relaying, {
		...{ id, kind: 'duplicate', from: options.from, match, does: 'copy' },
		// Of a packet that another fault has taken, the relay itself makes the copy.
		effects: ['copied', 'duplicated'],
		inWords: 'duplicated',
		text: `the link duplicates segments${concerned}`,
	});
}
