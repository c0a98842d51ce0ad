import type { Agent } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import type { HostIdentity } from './boot.ts';

const POLL_MS = 5;
/** Generous, because the kernel's work queue may be late on a busy machine. */
const LIMIT_MS = 20_000;

/** An interface as `ip -json address` shows it. */
interface IpAddressEntry {
	readonly ifname: string;
	readonly address?: string;
	/** RFC 2863's ifOperStatus; UNKNOWN if the driver does not report it. */
	readonly operstate: string;
	readonly addr_info: readonly { readonly local: string }[];
}

/**
 * Returns the name of the interface with the MAC and address of this host. Names differ between engines. Resolves when
 * the kernel has processed the interface's carrier. An interface that is up has a carrier at once, but the kernel
 * processes that later, in a work queue: first for this end of the cable, then for the bridge's port (linkwatch_do_dev,
 * net/core/link_watch.c). Until then the port forwards nothing, and the first SYN of a lab would be lost.
 */
export async function deviceOf(machine: Agent, identity: HostIdentity, clock: LabClock): Promise<string> {
	for (let waitedMs = 0; ; waitedMs += POLL_MS) {
		const { ifname, operstate } = await interfaceOf(machine, identity);
		if (operstate === 'UP' || operstate === 'UNKNOWN') return ifname;
		if (waitedMs >= LIMIT_MS) {
			throw new HalfopenError('ENGINE_REFUSED', {
				problem: `The host’s interface ${ifname} has no carrier.`,
				seen: `operstate ${operstate} for ${LIMIT_MS / 1_000} s`,
				remedy: 'Check the other end of its cable: the bridge’s port, or the network of the engine, must be up.',
			});
		}
		await clock.sleep(POLL_MS, new AbortController().signal);
	}
}

async function interfaceOf(machine: Agent, { mac, address }: HostIdentity): Promise<IpAddressEntry> {
	const { out } = await machine.run(['ip', '-j', 'address']);
	const entries = JSON.parse(out) as readonly IpAddressEntry[];
	const entry = entries.find(
		(candidate) => candidate.address === mac && candidate.addr_info.some(({ local }) => local === address),
	);
	if (!entry) {
		throw new HalfopenError('ENGINE_REFUSED', {
			problem: `The host has no interface with the MAC ${mac} and the address ${address} that the lab gave it.`,
			seen: entries
				.map(({ ifname, address: has, addr_info }) => [ifname, has, ...addr_info.map(({ local }) => local)].join(' '))
				.join('\n'),
			remedy: 'Use another engine or another version of it: this one ignores the MAC or address that it is given.',
		});
	}
	return entry;
}
