import type { Agent } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import type { HostName } from '../timeline/events.ts';
import type { Offloads } from '../timeline/timeline-file.ts';
import { type NetworkEnd, prefixLengthOf, versionOf } from './family.ts';
import { ip } from './ip.ts';
import { type LinkFacts, longestSegment, offloadCommands } from './offloads.ts';
import { DEVICE } from './wire.ts';

const POLL_MS = 5;
/** Generous, because the kernel's work queue may be late on a busy machine. */
const LIMIT_MS = 20_000;

/** What a host is, whichever boot runs. */
export interface HostIdentity extends NetworkEnd {
	readonly name: HostName;
	/** The other end of the wire, or of the cable if the wire is a router. */
	readonly peer: NetworkEnd;
	/** Whether the peer is a router, through which everything is sent. */
	readonly isRouted?: boolean;
}

/**
 * Returns the commands of `ip` that pin a peer. If a peer is gone for good, ETIMEDOUT or EHOSTUNREACH depends on a race
 * of the retransmissions against the entry in the neighbour table, which ages within 15 to 45 s (net/core/neighbour.c).
 * So labs pin the entries, unless a spec forgets them.
 */
export const pin = ({ addresses, mac }: NetworkEnd): string[] =>
	addresses.map((address) => `neigh replace ${address} lladdr ${mac} dev ${DEVICE} nud permanent`);

/**
 * Commands of `ip` that give a device its addresses. `nodad`: an IPv6 address could not be used for a second, until
 * nobody has claimed it (RFC 4862, 5.4). An IPv6 address is added after the device is up: the kernel removes it when the
 * device goes down.
 */
const addressCommands = ({ addresses, isRouted }: HostIdentity): string[] =>
	addresses.map((address) => {
		const options = versionOf(address) === 'ipv6' ? 'nodad' : 'brd +';
		return `address add ${address}/${prefixLengthOf(address, isRouted)} ${options} dev ${DEVICE}`;
	});

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
	identity: HostIdentity,
	{ offloads, isPlugged }: { readonly offloads: Offloads; readonly isPlugged: boolean },
	clock: LabClock,
): Promise<number> {
	if (identity.addresses.some((address) => versionOf(address) === 'ipv6')) await enableIpv6(machine);
	const commands = [
		`link set ${DEVICE} up`,
		...addressCommands(identity),
		...reachability(identity),
		...offloadCommands(offloads),
		'link show',
	];
	const { out } = await ip(machine, commands, '-details', '-json');
	const facts: readonly LinkFacts[] = JSON.parse(out);
	if (isPlugged) await carrier(machine, facts, clock);
	return longestSegment(facts, offloads);
}

/**
 * Engines start machines without IPv6. The settings of the device keep its own traffic from the wire: no detection of
 * duplicates of its link-local address, no search for routers, and the reports of its multicast groups at once
 * (net/ipv6/mcast.c, `mld_ifc_work`), before a lab is ready.
 */
const ENABLE_IPV6 = `[ -e /proc/net/if_inet6 ] || exit 3
cd /proc/sys/net/ipv6/conf/${DEVICE} && echo 0 >accept_dad && echo 0 >router_solicitations &&
echo 1 >mldv2_unsolicited_report_interval && echo 0 >../all/disable_ipv6`;
/** The status of the script if the kernel has no IPv6. */
const NO_IPV6 = 3;

async function enableIpv6(machine: Agent): Promise<void> {
	const { status, err } = await machine.run(['sh', '-c', ENABLE_IPV6]);
	if (status === 0) return;
	if (status === NO_IPV6) {
		throw new HalfopenError('KERNEL_FEATURE_MISSING', {
			problem: `${machine.name} cannot have an IPv6 address: its kernel has no IPv6.`,
			seen: 'there is no /proc/net/if_inet6',
			remedy: 'Use a kernel with CONFIG_IPV6 that was not booted with ipv6.disable=1, or IPv4: unset HALFOPEN_FAMILY.',
		});
	}
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: `IPv6 could not be enabled on ${machine.name}.`,
		seen: err,
		remedy: 'Hosts must be allowed to write to /proc/sys/net/ipv6 of their own network namespace.',
	});
}

/** Gives a host that is connected already other addresses and another peer. */
export async function moveDevice(machine: Agent, from: HostIdentity, to: HostIdentity): Promise<void> {
	await ip(machine, [
		...from.peer.addresses.map((address) => `neigh del ${address} dev ${DEVICE}`),
		...from.addresses.map((address) => `address del ${address}/${prefixLengthOf(address)} dev ${DEVICE}`),
		...addressCommands(to),
		...reachability(to),
	]);
}

/** Returns the commands after which the host reaches the other one. */
const reachability = ({ peer, isRouted }: HostIdentity): string[] => [
	...pin(peer),
	...(isRouted ? peer.addresses.map((address) => `route replace default via ${address} dev ${DEVICE}`) : []),
];

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
