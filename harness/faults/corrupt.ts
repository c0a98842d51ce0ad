import type { Fault } from './fault.ts';
import { type Relaying, relayFault, segmentsOf } from './relayed.ts';
import type { PacketChoice } from './wire-loss.ts';

/**
 * Flips one bit of segments: of their first byte of data or, if they have none, of their checksum. The TCP of the
 * receiver discards them (tcp_v4_rcv, tcp_checksum_complete; it counts them as TcpInCsumErrors).
 */
export async function corruptSegments(relaying: Relaying, { name, ...options }: PacketChoice): Promise<Fault> {
	const id = relaying.context.names.take('corrupt', name);
	const { match, concerned } = segmentsOf(options, id);
	return relayFault(relaying, {
		...{ id, kind: 'corrupt', from: options.from, match, does: 'take' },
		effects: ['corrupted'],
		inWords: 'corrupted',
		text: `the link corrupts segments${concerned}`,
	});
}
