import { HalfopenError } from '../errors.ts';
import type { Boot, HostIdentity } from '../lab/boot.ts';

/**
 * Whether a peer that is gone for good shows as ETIMEDOUT or as EHOSTUNREACH is a race of the retransmissions against
 * the entry in the neighbour table, which ages within 15 to 45 s (net/core/neighbour.c). Labs do not leave it to
 * chance: entries are pinned, unless a spec forgets them.
 */
export async function pinNeighbour(boot: Boot, { peer }: HostIdentity): Promise<void> {
	await ip(boot, ['neigh', 'replace', peer.address, 'lladdr', peer.mac, 'dev', boot.device, 'nud', 'permanent']);
}

/**
 * Forgets where the peer is: the next packet to it must ask by ARP, and where nobody answers the kernel knows the host
 * to be unreachable. It asks three times, a second apart (mcast_solicit, retrans_time_ms): what gives up earlier, as
 * TCP does with tcp_retries2 below 4, is ETIMEDOUT all the same.
 */
export async function forgetNeighbour(boot: Boot, { peer }: HostIdentity): Promise<void> {
	await ip(boot, ['neigh', 'del', peer.address, 'dev', boot.device]);
}

/**
 * Takes the interface down; returns the moment, in seconds since the epoch, from which nothing can leave any more.
 * Pinned entries are forgotten with it (net/core/neighbour.c, `neigh_ifdown`).
 */
export function silence(boot: Boot): Promise<number> {
	return ip(boot, ['link', 'set', boot.device, 'down']);
}

async function ip(boot: Boot, words: readonly string[]): Promise<number> {
	const { status, err, t } = await boot.machine.run(['ip', ...words]);
	if (status === 0) return t;
	throw new HalfopenError('ENGINE_REFUSED', {
		problem: `The command failed on the host: ip ${words.join(' ')}`,
		seen: err,
		remedy: 'Check the engine with `npm run setup`: the machine needs CAP_NET_ADMIN in its network namespace.',
	});
}
