import { HalfopenError } from '../errors.ts';
import type { Offloads } from '../timeline/timeline-file.ts';
import type { Boot } from './boot.ts';

/**
 * How many segments a host may hand to a device in one packet. With 1, TCP makes each segment by itself
 * (`sk_gso_max_segs`, tcp_tso_segs), and the kernel cuts what another protocol or a forwarder makes larger before a
 * capture sees it (gso_features_check, net/core/dev.c). The other value is the kernel's default, GSO_MAX_SEGS of
 * include/linux/netdevice.h. Nothing has to be switched off for receiving: veth merges no packets unless somebody asks
 * for it (veth_newlink; before 5.13 only with XDP), and loopback never does.
 */
const MOST_SEGMENTS: Readonly<Record<Offloads, number>> = { off: 1, on: 65_535 };

const LOOPBACK = 'lo';

/**
 * Switches segmentation offload of a host's devices, loopback included, and reads it back. It is in force for
 * connections that are made from then on.
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
		problem: `The host did not take gso_max_segs ${wanted} for ${refused.join(' and ')}.`,
		seen: [err.trim(), ...refused.map((device) => `${device}: gso_max_segs ${inForce.get(device)?.gso_max_segs}`)]
			.filter(Boolean)
			.join('\n'),
		remedy:
			'The host needs Linux 4.16 or later, iproute2 4.16 or later, and CAP_NET_ADMIN in its own network namespace.',
	});
}

/** What `ip -details -json link show` says of a device. */
interface Link {
	readonly ifname: string;
	readonly mtu: number;
	readonly gso_max_segs?: number;
}

function linksByName(json: string): ReadonlyMap<string, Link> {
	return new Map((JSON.parse(json || '[]') as readonly Link[]).map((link) => [link.ifname, link]));
}
