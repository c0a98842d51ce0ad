/** A router between the hosts: what it forwards is one event, and where a segment was lost is told. */
import { expect, scenario } from '../index.ts';

scenario('router: forwards between two subnets, and sees everything', { between: 'router' }, async (lab) => {
	const { client, server, router, timeline, step } = lab;
	// The block, divided: 2 and 6 are the hosts, 1 and 5 the router (engines/subnets.ts).
	const numberOf = (address: string) => Number(address.split(/[.:]/).at(-1)) % 8;
	expect([client.address, router.address].map(numberOf)).toEqual([2, 1]);
	expect([router.serverSideAddress, server.address].map(numberOf)).toEqual([5, 6]);
	const serverPeer = await server.nc({ listen: 8080 });
	const clientPeer = await client.dnc({ connect: server.port(8080) });
	await clientPeer.type('hello\n');
	await expect(serverPeer).toPrint('hello\n');
	await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 6', '< .');
	for (const { t, router: seen, arrived = 0 } of timeline.segments()) {
		const { entered = 0, forwarded = 0 } = seen ?? {};
		expect([t <= entered, entered <= forwarded, forwarded <= arrived]).toEqual([true, true, true]);
	}

	step('the server reboots: the router has its cable again, with the same address');
	await server.reboot();
	await clientPeer.type('again\n');
	// The new stack knows nothing of the connection (RFC 9293, 3.10.7.1).
	await expect(timeline).toShowSegment('< R');
	await expect(clientPeer).toFail('read', 'ECONNRESET');
});

scenario(
	'router: a cut shows where segments were lost',
	{ between: 'router' },
	async ({ client, server, link, timeline }) => {
		await server.nc({ listen: 8080 });
		const clientPeer = await client.dnc({ connect: server.port(8080) });
		const cut = await link.cut({ name: 'cable', from: 'client' });
		await clientPeer.type('hello\n');
		await expect(timeline).toShowSegment('> P. 6 dropped by cable');
		// The log may be read before the capture.
		await timeline.upToDate();
		const lost = timeline.segments().filter(({ by }) => by === 'cable');
		expect(lost[0]?.router).toEqual({ entered: expect.any(Number) });
		await cut.heal();
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });
		const fault = timeline.context.history.of('fault').find(({ id, phase }) => id === 'cable' && phase === 'injected');
		expect(fault?.host).toBe('router');
	},
);

scenario(
	'router: without a route it drops, and says so',
	{ between: 'router' },
	async ({ client, server, router, link, timeline }) => {
		await server.nc({ listen: 8080 });
		const clientPeer = await client.dnc({ connect: server.port(8080) });
		const pulled = await link.unplug('server');
		await clientPeer.type('hello\n');
		await expect(timeline).toShowSegment('> P. 6 dropped by router');
		// ip_error (net/ipv4/route.c): ENETUNREACH is answered with ICMP_NET_UNREACH.
		await expect(timeline).toShowSegment('< icmp network-unreachable');
		const [icmp] = timeline.icmp('router');
		expect(icmp).toMatchObject({
			receiver: 'client',
			from: router.address,
			fate: 'delivered',
		});
		await pulled.heal();
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });
	},
);

scenario('router: what needs a bridge is refused', { between: 'router' }, async ({ client, link }) => {
	await expect(link.hold().catch(({ code }) => code)).resolves.toBe('NEEDS_BRIDGE');
	await expect(client.forgetNeighbour().catch(({ code }) => code)).resolves.toBe('NEEDS_BRIDGE');
	await expect(client.pinNeighbour().catch(({ code }) => code)).resolves.toBe('NEEDS_BRIDGE');
});
