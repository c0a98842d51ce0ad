import { HalfopenError } from '../errors.ts';
import type { Boot, HostIdentity } from '../lab/boot.ts';

/**
 * Makes the neighbour entry of the other host permanent. Otherwise, whether a connection to a host that has disappeared
 * fails with ETIMEDOUT or with EHOSTUNREACH depends on a race: between the retransmissions and the entry in the
 * neighbour table, which ages within 15 to 45 s (net/core/neighbour.c).
 */
export async function pinNeighbour(boot: Boot, { peer }: HostIdentity): Promise<void> {
	await ip(boot, ['neigh', 'replace', peer.address, 'lladdr', peer.mac, 'dev', boot.device, 'nud', 'permanent']);
}

/**
 * Deletes the neighbour entry of the other host. The next packet to that host causes ARP requests. If nobody answers,
 * the host is unreachable for the kernel. It sends three requests, a second apart (mcast_solicit, retrans_time_ms). If
 * TCP gives up earlier, as with tcp_retries2 below 4, the error is still ETIMEDOUT.
 */
export async function forgetNeighbour(boot: Boot, { peer }: HostIdentity): Promise<void> {
	await ip(boot, ['neigh', 'del', peer.address, 'dev', boot.device]);
}

/**
 * Takes the interface down. Returns the time from which nothing can leave any more, in seconds since the epoch. The
 * kernel deletes permanent neighbour entries of the interface, too (net/core/neighbour.c, `neigh_ifdown`).
 */
export function takeInterfaceDown(boot: Boot): Promise<number> {
	return ip(boot, ['link', 'set', boot.device, 'down']);
}

async function ip(boot: Boot, args: readonly string[]): Promise<number> {
	const { status, err, t } = await boot.machine.run(['ip', ...args]);
	if (status === 0) return t;
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: `The command failed on the host: ip ${args.join(' ')}.`,
		seen: err,
		remedy: 'Check the engine with `npm run setup`: the machine needs CAP_NET_ADMIN in its network namespace.',
	});
}
