import type { Endpoint } from '../formats/types.ts';
import type { LabContext } from '../lab/context.ts';
import { versionOf } from '../lab/family.ts';
import { nft, nftCount } from '../lab/nft.ts';
import type { Wire } from '../lab/wire.ts';
import { type Fault, inject, runAll } from './fault.ts';

const TABLE = 'inet halfopen';

/** One rule of network address translation on the router. */
interface NatRule {
	readonly id: string;
	/** The hook and its priority (nft(8)). */
	readonly hook: 'prerouting priority dstnat' | 'postrouting priority srcnat';
	/** The packets and what becomes of their addresses, as a rule of nft(8) without its counter. */
	readonly match: string;
	readonly statement: string;
	readonly text: string;
}

/** Hides the client behind the router’s address on the server’s side. */
export function masquerade(wire: Wire, context: LabContext, name?: string): Promise<Fault> {
	return translate(wire, context, {
		id: context.names.take('nat', name),
		hook: 'postrouting priority srcnat',
		match: 'iifname "client-*" oifname "server-*"',
		statement: 'masquerade',
		text: 'the router translates the client’s address to its own',
	});
}

/** Forwards connections of the client to a port of the router. */
export function forwardPort(
	wire: Wire,
	context: LabContext,
	{ port, to, name }: { readonly port: number; readonly to: Endpoint; readonly name?: string | undefined },
): Promise<Fault> {
	const version = versionOf(to.address);
	const [family, address] = version === 'ipv6' ? ['ip6', `[${to.address}]`] : ['ip', to.address];
	return translate(wire, context, {
		id: context.names.take('nat', name),
		hook: 'prerouting priority dstnat',
		match: `iifname "client-*" meta nfproto ${version} tcp dport ${port} fib daddr type local`,
		statement: `dnat ${family} to ${address}:${to.port}`,
		text: `the router forwards its port ${port} to port ${to.port} of the server`,
	});
}

function translate(wire: Wire, context: LabContext, { id, hook, match, statement, text }: NatRule): Promise<Fault> {
	const { history } = context;
	const chain = `${TABLE} ${id}`;
	let hasRules = false;
	return inject(
		context,
		{ id, what: 'nat', host: wire.name, text },
		{
			inject: async () => {
				const agent = await wire.agent;
				const t = await nft(agent, [
					`add table ${TABLE}`,
					`add counter ${TABLE} ${id}`,
					`add chain ${chain} { type nat hook ${hook}; }`,
					`add rule ${chain} ${match} counter name "${id}" ${statement}`,
				]);
				hasRules = true;
				return { t: history.at(t) };
			},
			heal: async () => {
				if (!hasRules) return {};
				hasRules = false;
				const agent = await wire.agent;
				let t = 0;
				let count = 0;
				await runAll(
					async () => {
						t = await nft(agent, [`flush chain ${chain}`, `delete chain ${chain}`]);
					},
					async () => {
						count = await nftCount(agent, TABLE, id);
					},
					() => nft(agent, [`delete counter ${TABLE} ${id}`]),
				);
				// A rule of a nat chain sees only the first packet of each connection.
				return { t: history.at(t), proof: `connections translated: ${count}` };
			},
		},
	);
}
