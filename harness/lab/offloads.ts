import type { Agent } from '../agent/agent.ts';
import { HalfopenError } from '../errors.ts';
import type { Offloads } from '../timeline/timeline-file.ts';
import { ip } from './ip.ts';
import { DEVICE } from './wire.ts';

/**
 * The largest number of segments that a host may hand to a device in one packet. With 1, TCP makes each segment
 * separately (`sk_gso_max_segs`, tcp_tso_segs). Larger packets of other protocols or of forwarding are split before a
 * capture sees them (gso_features_check, net/core/dev.c). The other value is the kernel's default, GSO_MAX_SEGS of
 * include/linux/netdevice.h. The receiving side needs no setting: veth merges no packets unless that is switched on
 * (veth_newlink; before 5.13 only with XDP), and loopback never merges any.
 */
const MAX_SEGMENTS: Readonly<Record<Offloads, number>> = { off: 1, on: 65_535 };

const DEVICES = [DEVICE, 'lo'];

/** What `ip -details -json link show` prints about a device. */
export interface LinkFacts {
	readonly ifname: string;
	readonly mtu: number;
	/** RFC 2863's ifOperStatus. */
	readonly operstate: string;
	readonly gso_max_segs?: number;
}

/** Commands of `ip` that switch segmentation offload of a host's devices, loopback included. */
export const offloadCommands = (offloads: Offloads): string[] =>
	DEVICES.map((device) => `link set dev ${device} gso_max_segs ${MAX_SEGMENTS[offloads]}`);

/**
 * Switches segmentation offload and reads it back. It is in force for connections that are made from then on. Returns
 * the length of the longest packet that is one segment, in bytes.
 */
export async function setOffloads(machine: Agent, offloads: Offloads): Promise<number> {
	const { out } = await ip(machine, [...offloadCommands(offloads), 'link show'], '-details', '-json');
	return longestSegment(JSON.parse(out), offloads);
}

/**
 * The length of the longest packet that is one segment, in bytes. Throws ENGINE_REFUSED if the kernel has not taken the
 * setting.
 */
export function longestSegment(facts: readonly LinkFacts[], offloads: Offloads): number {
	const linkOf = (device: string) => facts.find(({ ifname }) => ifname === device);
	const wanted = MAX_SEGMENTS[offloads];
	const refused = DEVICES.filter((device) => linkOf(device)?.gso_max_segs !== wanted);
	if (refused.length === 0) return offloads === 'off' ? (linkOf(DEVICE)?.mtu ?? 0) : Number.POSITIVE_INFINITY;
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: `The host did not accept gso_max_segs ${wanted} for ${refused.join(' and ')}.`,
		seen: refused.map((device) => `${device}: gso_max_segs ${linkOf(device)?.gso_max_segs}`).join('\n'),
		remedy:
			'The host needs Linux 4.16 or later, iproute2 4.16 or later, and CAP_NET_ADMIN in its own network namespace.',
	});
}
