import type { Boot } from '../lab/boot.ts';
import { type HostIdentity, pin } from '../lab/device.ts';
import { ip } from '../lab/ip.ts';
import { DEVICE } from '../lab/wire.ts';

/** Pins the peer again. */
export async function pinNeighbour({ machine }: Boot, { peer }: HostIdentity): Promise<void> {
	await ip(machine, pin(peer));
}

/**
 * Deletes the neighbour entry of the other host. The next packet to that host causes ARP requests. If nobody answers,
 * the host is unreachable for the kernel. It sends three requests, a second apart (mcast_solicit, retrans_time_ms). If
 * TCP gives up earlier, as with tcp_retries2 below 4, the error is still ETIMEDOUT.
 */
export async function forgetNeighbour({ machine }: Boot, { peer }: HostIdentity): Promise<void> {
	await ip(
		machine,
		peer.addresses.map((address) => `neigh del ${address} dev ${DEVICE}`),
	);
}

/**
 * Takes the interface down. Returns the time from which nothing can leave any more, in seconds since the epoch. The
 * kernel deletes permanent neighbour entries of the interface, too (net/core/neighbour.c, `neigh_ifdown`).
 */
export async function takeInterfaceDown({ machine }: Boot): Promise<number> {
	return (await ip(machine, [`link set ${DEVICE} down`])).t;
}
