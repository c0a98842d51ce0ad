import { HalfopenError } from '../errors.ts';
import type { LabContext } from '../lab/context.ts';
import { nft, nftCount } from '../lab/nft.ts';
import type { Wire } from '../lab/wire.ts';
import { logOnWire } from '../probes/firewall-log.ts';
import { type Fault, inject, runAll, undoAfter } from './fault.ts';

const TABLE = 'inet halfopen';

/** What a firewall does with the packets of connections that it does not know. */
export interface RouterFirewall {
	readonly name?: string | undefined;
	/** What the sender gets. */
	readonly answer: 'nothing' | 'reset';
	/** Sysctls of net.netfilter. */
	readonly settings: Readonly<Record<string, number>>;
	/** A description, as the end of “a stateful firewall”. */
	readonly text: string;
}

/**
 * Puts a stateful firewall on the router: it forwards the packets of connections that the kernel’s connection tracking
 * knows, and those that begin one, and drops all others.
 */
export async function routerFirewall(
	wire: Wire,
	context: LabContext,
	{ name, answer, settings, text }: RouterFirewall,
): Promise<Fault> {
	const { history } = context;
	const id = context.names.take('firewall', name);
	const chain = `${TABLE} ${id}`;
	const verdict = answer === 'reset' ? 'reject with tcp reset' : 'drop';
	const agent = await wire.agent;
	let before: Readonly<Record<string, number>> | undefined;
	let hasRules = false;
	const removeRules = async () => {
		if (!hasRules) return undefined;
		const t = await nft(agent, [`flush chain ${chain}`, `delete chain ${chain}`]);
		hasRules = false;
		const dropped = await nftCount(agent, TABLE, id);
		await nft(agent, [`delete counter ${TABLE} ${id}`]);
		return { t, dropped };
	};
	const restore = async () => {
		if (before) await writeNetfilter(wire, before);
		before = undefined;
	};
	return inject(
		context,
		{ id, what: 'packets', host: wire.name, text: `a stateful firewall on the router${text}` },
		{
			inject: async () => {
				await wire.startFirewallLog();
				hasRules = true;
				const inserting = nft(agent, [
					`add table ${TABLE}`,
					`add counter ${TABLE} ${id}`,
					`add chain ${chain} { type filter hook forward priority ${-wire.takePriority()}; }`,
					// A base chain’s verdict ends only this chain.
					`add rule ${chain} ct state established,related,new accept`,
					`add rule ${chain} meta l4proto tcp counter name "${id}" ` +
						`${logOnWire(id, answer === 'reset' ? 'REJECT' : 'DROP')} ${verdict}`,
					`add rule ${chain} counter name "${id}" ${logOnWire(id)} drop`,
				]);
				inserting.catch(() => {
					hasRules = false;
				});
				const t = await inserting;
				try {
					before = await writeNetfilter(wire, settings);
				} catch (error) {
					throw await undoAfter(error, removeRules);
				}
				return { t: history.at(t) };
			},
			heal: async () => {
				let removed: Awaited<ReturnType<typeof removeRules>>;
				await runAll(async () => {
					removed = await removeRules();
				}, restore);
				if (!removed) return {};
				return { t: history.at(removed.t), proof: `packets dropped or rejected: ${removed.dropped}` };
			},
		},
	);
}

/**
 * Writes each value to the path before it. Prints the name and the previous value of each. Stops at the first that is
 * refused or does not exist.
 */
const WRITE = `cd /proc/sys/net/netfilter || exit
while [ $# -gt 0 ]; do
	read -r before <"$1" && echo "$1 $before" && printf '%s\\n' "$2" >"$1" && read -r now <"$1" || exit
	[ "$now" = "$2" ] || { echo "$1 is $now" >&2; exit 1; }
	shift 2
done`;

/** Writes sysctls of net.netfilter on the router. Returns their previous values. */
export async function writeNetfilter(
	wire: Wire,
	settings: Readonly<Record<string, number>>,
): Promise<Readonly<Record<string, number>>> {
	const words = Object.entries(settings).flatMap(([name, value]) => [name, String(value)]);
	const { status, out, err } = await (await wire.agent).run(['bash', '-c', WRITE, 'netfilter', ...words]);
	const before = Object.fromEntries(
		out.split('\n').flatMap((line) => (line === '' ? [] : [[line.split(' ')[0], Number(line.split(' ')[1])]])),
	);
	if (status === 0) return before;
	throw new HalfopenError('SYSCTL_REFUSED', {
		problem: `The router did not accept ${JSON.stringify(settings)} as sysctls of net.netfilter.`,
		seen: err,
		remedy:
			'Give values that the kernel allows (Documentation/networking/nf_conntrack-sysctl.rst). The kernel needs ' +
			'nf_conntrack: `modprobe nf_conntrack` on the engine’s machine.',
	});
}
