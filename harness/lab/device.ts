import type { Agent } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { type HostAddress, PREFIX_LENGTH } from '../engines/subnets.ts';
import { HalfopenError } from '../errors.ts';
import type { HostName } from '../timeline/events.ts';
import type { Offloads } from '../timeline/timeline-file.ts';
import { ip } from './ip.ts';
import { type LinkFacts, longestSegment, offloadCommands } from './offloads.ts';
import { DEVICE } from './wire.ts';

const POLL_MS = 5;
/** Generous, because the kernel's work queue may be late on a busy machine. */
const LIMIT_MS = 20_000;

/** What a host is, whichever boot runs. */
export interface HostIdentity extends HostAddress {
	readonly name: HostName;
	/** The other end of the wire. */
	readonly peer: HostAddress;
}

/**
 * Returns the command of `ip` that pins a peer. If a peer is gone for good, ETIMEDOUT or EHOSTUNREACH depends on a race
 * of the retransmissions against the entry in the neighbour table, which ages within 15 to 45 s (net/core/neighbour.c).
 * So labs pin the entries, unless a spec forgets them.
 */
export const pin = ({ address, mac }: HostAddress): string =>
	`neigh replace ${address} lladdr ${mac} dev ${DEVICE} nud permanent`;

/**
 * Configures a host's end of its cable: address, offloads, the pinned neighbour. Returns the length of the longest
 * packet that is one segment, in bytes.
 *
 * If `isPlugged`, resolves when the kernel has dealt with the carrier: an interface that is up has one at once, but a
 * work queue reports it at both ends of the cable, first here, then at the bridge's port (linkwatch_do_dev,
 * net/core/link_watch.c). Until then the port forwards nothing, and the first SYN of a lab would be lost.
 */
export async function configureDevice(
	machine: Agent,
	{ address, peer }: HostIdentity,
	{ offloads, isPlugged }: { readonly offloads: Offloads; readonly isPlugged: boolean },
	clock: LabClock,
): Promise<number> {
	const commands = [
		`address add ${address}/${PREFIX_LENGTH} brd + dev ${DEVICE}`,
		`link set ${DEVICE} up`,
		pin(peer),
		...offloadCommands(offloads),
		'link show',
	];
	const { out } = await ip(machine, commands, '-details', '-json');
	const facts: readonly LinkFacts[] = JSON.parse(out);
	if (isPlugged) await carrier(machine, facts, clock);
	return longestSegment(facts, offloads);
}

async function carrier(machine: Agent, facts: readonly LinkFacts[], clock: LabClock): Promise<void> {
	let latest = facts;
	for (let waitedMs = 0; ; waitedMs += POLL_MS) {
		const operstate = latest.find(({ ifname }) => ifname === DEVICE)?.operstate;
		// Before the work queue has run, the state is DOWN, or UNKNOWN on older kernels. A veth is UP afterwards.
		if (operstate === 'UP') return;
		if (waitedMs >= LIMIT_MS) {
			throw new HalfopenError('ENGINE_REFUSED', {
				problem: `The interface ${DEVICE} of ${machine.name} has no carrier.`,
				seen: `operstate ${operstate} for ${LIMIT_MS / 1_000} s`,
				remedy: 'Check the other end of its cable: the port of the bridge on the wire must be up.',
			});
		}
		await clock.sleep(POLL_MS, new AbortController().signal);
		latest = JSON.parse((await ip(machine, [`link show ${DEVICE}`], '-json')).out);
	}
}
