import { waitFor } from '../lab/wait.ts';
import { type HostName, otherHost } from '../timeline/events.ts';
import type { Fault } from './fault.ts';
import { nftMatch, parseWireMatch } from './nft-match.ts';
import { type RelayedFault, type Relaying, relayFault } from './relayed.ts';
import { sendersOf } from './wire-drop-rules.ts';
import { concerns, type WireFaultOptions, type WireMatch } from './wire-loss.ts';

/** How long `untilHeld` waits. No timer of a kernel delays what a program has just sent. */
const LIMIT_MS = 15_000;

/** The options of a hold: which packets it keeps. */
export interface HoldOptions extends WireFaultOptions, WireMatch {
	/** Only the nth of each connection, and in each direction. */
	readonly nth?: number;
}

/** A fault that keeps packets on the wire until they are released. */
export interface HoldFault extends Fault {
	/** Returns how many packets it keeps now. */
	held(): Promise<number>;
	/** Resolves when it keeps so many packets. Rejects with LIMIT_PASSED after 15 s. */
	untilHeld(count: number): Promise<void>;
	/** Lets the first `count` packets go, in the order in which they came; by default all. Later ones are held again. */
	release(count?: number): Promise<void>;
}

/** Keeps packets that match on the wire. `heal` releases them. A host that is off by then does not get them. */
export async function holdPackets(relaying: Relaying, options: HoldOptions): Promise<HoldFault> {
	const { context } = relaying;
	const { name, from, ...match } = options;
	const criteria = parseWireMatch(match);
	const id = context.names.take('hold', name);
	const text = `the link holds packets${concerns(from, match)}`;
	const receivers = sendersOf(from).map(otherHost);
	const members = ({ relay, bit }: RelayedFault) => {
		const count = () => keptCount(relay, id, receivers);
		return {
			held: async () => {
				await relay.command('sync');
				return count();
			},
			untilHeld: (wanted: number) =>
				waitFor(context, {
					what: `${wanted} packets to be held by ${id}`,
					limitMs: LIMIT_MS,
					check: () => (count() >= wanted ? true : undefined),
					nearest: () => [`${count()} are held`],
					remedy: 'Check what the fault matches, and that it was injected before the packets were sent.',
				}).then(() => {}),
			release: async (wanted = Number.MAX_SAFE_INTEGER) => {
				await relay.command('sync');
				const released = Math.min(wanted, count());
				if (released > 0) await context.actions.during(() => relay.command('release', bit, released));
			},
		};
	};
	return relayFault(
		relaying,
		{ id, kind: 'hold', from, match: nftMatch(criteria, id), text, effects: ['held'], inWords: 'held', does: 'take' },
		members,
	);
}

function keptCount(relay: RelayedFault['relay'], id: string, receivers: readonly HostName[]): number {
	const sum = (what: string) => receivers.reduce((total, to) => total + relay.count(id, what, to), 0);
	return sum('held') - sum('released');
}
