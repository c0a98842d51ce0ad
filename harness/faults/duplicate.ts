import type { Fault } from './fault.ts';
import { type ChosenSegments, type Relaying, relayFault, segmentsOf } from './relayed.ts';

/** Sends segments twice. The copy follows at once. */
export async function duplicateSegments(relaying: Relaying, { name, ...options }: ChosenSegments): Promise<Fault> {
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
