/**
 * What do two hosts know of a router that translates addresses (NAT)? Each kernel knows a connection by its own two
 * endpoints. They differ; only the router's connection tracking has both pairs.
 */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'masquerade: one connection, two pairs of endpoints',
	{
		question: 'A router hides the client behind its own address. What does ss show on each side?',
		claims: ['WI-nat1'],
		between: 'router',
	},
	async ({ client, server, router, timeline, claim }) => {
		await router.masquerade({ name: 'nat' });
		const listener = await (await server.socket()).listen(8080);
		const caller = await client.socket();
		await caller.connect(server.port(8080));
		const callee = await listener.accept();
		await expect(caller.send('hello')).toReturn(5);
		await expect(callee.recv()).toReturn(5);

		const here = await expect(client).toHaveSocket({ state: 'ESTAB' });
		const there = await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080 });
		const known = await expect(router).toHaveConnection({ state: 'ESTABLISHED', destinationPort: 8080, replied: true });
		// The packets of each side as that side sends them (struct nf_conntrack_tuple_hash, both directions).
		expect(known.original).toEqual({ from: here.local, to: here.remote });
		expect(known.reply).toEqual({ from: there.local, to: there.remote });
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 5', '< .');
		claim(
			'WI-nat1',
			here.local.address === client.address &&
				here.remote.address === server.address &&
				there.remote.address === router.serverSideAddress &&
				there.remote.port === here.local.port,
			{
				holds:
					'The source address becomes that of the interface through which the packet leaves (nf_nat_masquerade). The ' +
					`port, ${here.local.port}, was free there, so it stays (nf_nat_l4proto_unique_tuple).`,
				differs:
					`At the client: ${text(here.local)} to ${text(here.remote)}. At the server: the peer is ` +
					`${text(there.remote)}.`,
			},
		);
		const role = (address: string) =>
			({
				[client.address]: 'the client',
				[server.address]: 'the server',
				[router.serverSideAddress]: 'the router',
			})[address];
		return (
			`The client’s ss shows ${role(here.local.address)} and ${role(here.remote.address)}; the server’s shows ` +
			`${role(there.local.address)} and ${role(there.remote.address)}, with the same port as the client’s.`
		);
	},
);

scenario(
	'a forwarded port: the client does not know the server',
	{
		question: 'A router forwards a port to the server. Whom does each side take for its peer?',
		claims: ['WI-nat2'],
		between: 'router',
	},
	async ({ client, server, router, timeline, claim }) => {
		await router.forwardPort({ name: 'nat', port: 80, to: server.port(8080) });
		const listener = await (await server.socket()).listen(8080);
		const caller = await client.socket();
		await caller.connect(router.port(80));
		const callee = await listener.accept();
		await expect(callee.send('hello')).toReturn(5);
		await expect(caller.recv()).toReturn(5);

		const here = await expect(client).toHaveSocket({ state: 'ESTAB' });
		const there = await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080 });
		const known = await expect(router).toHaveConnection({ state: 'ESTABLISHED', destinationPort: 80, replied: true });
		expect(known.original).toEqual({ from: here.local, to: here.remote });
		expect(known.reply).toEqual({ from: there.local, to: there.remote });
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '< P. 5', '> .');
		claim(
			'WI-nat2',
			here.remote.address === router.address &&
				here.remote.port === 80 &&
				there.remote.address === client.address &&
				there.remote.port === here.local.port,
			{
				holds:
					'Only the destination is translated, in the SYN before it is routed (nf_nat_inet_fn at PRE_ROUTING), and in ' +
					'all later packets as in the SYN (nf_nat_packet). The answers get the router’s port as their source.',
				differs: `The client’s peer is ${text(here.remote)}, the server’s is ${text(there.remote)}.`,
			},
		);
		return (
			`The client takes port ${here.remote.port} of the router for its peer. The server sees the client itself: ` +
			'only the destination is translated.'
		);
	},
);

/** An endpoint as text. */
function text({ address, port }: { readonly address: string; readonly port: number }): string {
	return `${address} port ${port}`;
}
