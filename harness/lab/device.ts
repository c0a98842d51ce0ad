import type { Agent } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import type { HostIdentity } from './boot.ts';

const POLL_MS = 5;
/** Work queues run when the machine has time for them. */
const LIMIT_MS = 20_000;

/** What `ip -json address` says of an interface. */
interface Link {
	readonly ifname: string;
	readonly address?: string;
	/** RFC 2863's ifOperStatus; UNKNOWN where the driver does not tell. */
	readonly operstate: string;
	readonly addr_info: readonly { readonly local: string }[];
}

/**
 * The name of the interface that has this MAC and address: engines name it as they like. Resolves when the kernel has
 * dealt with the carrier: an interface that is up has one at once, but a work queue tells both ends of the cable, first
 * this one, then the bridge's port (linkwatch_do_dev, net/core/link_watch.c). Until then the port forwards nothing, and
 * the first SYN of a lab would be lost.
 */
export async function deviceOf(machine: Agent, identity: HostIdentity, clock: LabClock): Promise<string> {
	for (let waitedMs = 0; ; waitedMs += POLL_MS) {
		const { ifname, operstate } = await linkOf(machine, identity);
		if (operstate === 'UP' || operstate === 'UNKNOWN') return ifname;
		if (waitedMs >= LIMIT_MS) {
			throw new HalfopenError('ENGINE_REFUSED', {
				problem: `The host’s interface ${ifname} has no carrier.`,
				seen: `operstate ${operstate} for ${LIMIT_MS / 1_000} s`,
				remedy: 'The other end of its cable must be up: look at what the engine plugs it into.',
			});
		}
		await clock.sleep(POLL_MS, new AbortController().signal);
	}
}

async function linkOf(machine: Agent, { mac, address }: HostIdentity): Promise<Link> {
	const { out } = await machine.run(['ip', '-j', 'address']);
	const links = JSON.parse(out) as readonly Link[];
	const link = links.find(
		(candidate) => candidate.address === mac && candidate.addr_info.some(({ local }) => local === address),
	);
	if (!link) {
		throw new HalfopenError('ENGINE_REFUSED', {
			problem: `The host has no interface with the MAC ${mac} and the address ${address} that the lab gave it.`,
			seen: links
				.map(({ ifname, address: has, addr_info }) => [ifname, has, ...addr_info.map(({ local }) => local)].join(' '))
				.join('\n'),
			remedy: 'Use another engine or another version of it: this one ignores the MAC or address that it is given.',
		});
	}
	return link;
}
