import { HalfopenError } from '../errors.ts';
import type { Offloads } from '../timeline/timeline-file.ts';
import type { Boot } from './boot.ts';

/**
 * The largest number of segments that a host may hand to a device in one packet. With 1, TCP makes each segment
 * separately (`sk_gso_max_segs`, tcp_tso_segs). Larger packets of other protocols or of forwarding are split before a
 * capture sees them (gso_features_check, net/core/dev.c). The other value is the kernel's default, GSO_MAX_SEGS of
 * include/linux/netdevice.h. The receiving side needs no setting: veth merges no packets unless that is switched on
 * (veth_newlink; before 5.13 only with XDP), and loopback never merges any.
 */
const MOST_SEGMENTS: Readonly<Record<Offloads, number>> = { off: 1, on: 65_535 };

const LOOPBACK = 'lo';

/**
 * Switches segmentation offload on or off for both devices of a host, loopback included, and reads the setting back. It
 * applies to connections that are opened from then on.
 */
export async function setOffloads(boot: Boot, offloads: Offloads): Promise<void> {
	const devices = [boot.device, LOOPBACK];
	const wanted = MOST_SEGMENTS[offloads];
	const lines = [...devices.map((device) => `link set dev ${device} gso_max_segs ${wanted}`), 'link show'];
	const { out, err } = await boot.machine.run(['ip', '-details', '-json', '-batch', '-'], {
		input: `${lines.join('\n')}\n`,
	});
	const inForce = linksByName(out);
	const refused = devices.filter((device) => inForce.get(device)?.gso_max_segs !== wanted);
	if (refused.length === 0) {
		boot.longestSegment = offloads === 'off' ? (inForce.get(boot.device)?.mtu ?? 0) : Number.POSITIVE_INFINITY;
		return;
	}
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: `The host did not accept gso_max_segs ${wanted} for ${refused.join(' and ')}.`,
		seen: [err.trim(), ...refused.map((device) => `${device}: gso_max_segs ${inForce.get(device)?.gso_max_segs}`)]
			.filter(Boolean)
			.join('\n'),
		remedy:
			'The host needs Linux 4.16 or later, iproute2 4.16 or later, and CAP_NET_ADMIN in its own network namespace.',
	});
}

/** A device as `ip -details -json link show` shows it. */
interface IpLink {
	readonly ifname: string;
	readonly mtu: number;
	readonly gso_max_segs?: number;
}

function linksByName(json: string): ReadonlyMap<string, IpLink> {
	return new Map((JSON.parse(json || '[]') as readonly IpLink[]).map((link) => [link.ifname, link]));
}
