import type { LabContext } from '../lab/context.ts';
import { nft } from '../lab/nft.ts';
import type { Wire } from '../lab/wire.ts';
import type { HostName } from '../timeline/events.ts';
import { type Fault, inject, runAll, undoAfter } from './fault.ts';
import { sendersOf } from './wire-drop-rules.ts';
import { direction } from './wire-loss.ts';

const TABLE = 'inet halfopen';

/** The smallest MTU that a router can have (RFC 791, 3.2: every host accepts 576 bytes; RFC 8200, 5). */
export const LEAST_MTU = { ipv4: 576, ipv6: 1_280 } as const;

/** How a router limits the length of packets. */
export interface RouterMtuOptions {
	/** The name of the fault. Default: `mtu-1`, … */
	readonly name?: string;
	/** The length of the longest IP packet that it forwards, in bytes. */
	readonly bytes: number;
	/** Concerns only what this host sends. Default: both directions. */
	readonly from?: HostName;
	/**
	 * Whether it tells the sender: with `fragmentation-needed` (RFC 1191, 4) or, over IPv6, Packet Too Big. If not, it is a
	 * black hole for the discovery of the path’s MTU (RFC 2923, 2.1).
	 */
	readonly icmp: boolean;
}

/**
 * Makes a router forward only packets up to a length: the routes to the hosts get this MTU. Longer packets that must not
 * be fragmented, as all of TCP, are dropped, and the kernel tells the sender (ip_forward, net/ipv4/ip_forward.c). Without
 * `icmp`, the router’s firewall drops that message before it leaves.
 */
export async function limitMtu(
	wire: Wire,
	context: LabContext,
	{ name, bytes, from, icmp }: RouterMtuOptions,
): Promise<Fault> {
	const id = context.names.take('mtu', name);
	const agent = await wire.agent;
	const chain = `${TABLE} ${id}`;
	const { history } = context;
	const receivers = sendersOf(from).map((host): HostName => (host === 'client' ? 'server' : 'client'));
	let isLimited = false;
	let hasChain = false;
	const removeChain = async () => {
		if (!hasChain) return;
		hasChain = false;
		await nft(agent, [`flush chain ${chain}`, `delete chain ${chain}`]);
	};
	const undo = () => runAll(...receivers.map((to) => () => wire.setMtu(to, undefined)), async () => removeChain());
	return inject(
		context,
		{
			id,
			what: 'link',
			host: wire.name,
			text: `the router forwards at most ${bytes} bytes${direction(from)}${icmp ? '' : ', and does not say so'}`,
		},
		{
			inject: async () => {
				if (!icmp) {
					hasChain = true;
					await nft(agent, [
						`add table ${TABLE}`,
						`add chain ${chain} { type filter hook output priority 0; }`,
						`add rule ${chain} icmp type destination-unreachable icmp code frag-needed drop`,
						`add rule ${chain} icmpv6 type packet-too-big drop`,
					]);
				}
				isLimited = true;
				try {
					let t = 0;
					for (const to of receivers) t = await wire.setMtu(to, bytes);
					return { t: history.at(t) };
				} catch (error) {
					throw await undoAfter(error, undo);
				}
			},
			prove: async () => {
				const shown = await Promise.all(receivers.map((to) => wire.routeTo(to)));
				return shown.flatMap((route) => route ?? []).join('; ') || 'the hosts are off';
			},
			heal: async () => {
				if (!isLimited) return {};
				isLimited = false;
				await undo();
				return {};
			},
		},
	);
}
