/** A cut link: no host is notified, lost packets are counted, and healing reconnects the hosts. */
import { expect, type Host, retransmissionTimeout, scenario } from '../index.ts';
import { DEVICE } from '../lab/wire.ts';

/**
 * ARP gives up before TCP: after three requests, a second apart (mcast_solicit, retrans_time_ms), TCP only after 6.2 s.
 */
const retries2 = 4;

/** The neighbours in the version of IP that peers use. */
async function neighbours({ boot, ipVersion }: Host): Promise<string> {
	const version = ipVersion === 'ipv6' ? '-6' : '-4';
	return (await boot.machine.run(['ip', version, 'neigh', 'show', 'dev', DEVICE])).out.trim();
}

scenario('link: a connection survives a cut', {}, async ({ client, server, link, timeline, step }) => {
	const serverPeer = await server.nc({ listen: 8080 });
	const clientPeer = await client.dnc({ connect: server.port(8080) });
	const cut = await link.cut({ name: 'cable' });
	await Promise.all([clientPeer.type('hello?\n'), serverPeer.type('hello\n')]);
	await expect(timeline).toShowSegment('> P. 7 dropped by cable');
	await expect(timeline).toShowSegment('< P. 6 dropped by cable');
	// The segments were lost in transit, so the retransmission timers of both stacks run (RFC 6298, 5.1).
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 7, timer: 'on' });
	await expect(server).toHaveSocket({ state: 'ESTAB', sendQueue: 6, timer: 'on' });
	await cut.heal();
	await expect(serverPeer).toPrint('hello?\n');
	await expect(clientPeer).toPrint('hello\n');
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });

	await timeline.context.flush();
	const lost = timeline.segments().filter(({ by }) => by === 'cable');
	const lostTo = (host: 'client' | 'server') => lost.filter((segment) => segment.host !== host).length;
	const healed = timeline.context.history.of('fault').find(({ id, phase }) => id === 'cable' && phase === 'healed');
	expect(healed?.proof).toBe(`packets lost: ${lostTo('client')} to the client, ${lostTo('server')} to the server`);

	step('the link stays cut when a host reboots');
	const again = await link.cut({ name: 'again' });
	await server.reboot();
	await server.nc({ listen: 8081 });
	await client.nc({ connect: server.port(8081), until: 'started' });
	await expect(timeline).toShowSegment('> S dropped by again');
	await again.heal();
	// The SYN is retransmitted after TCP_TIMEOUT_INIT, 1 s.
	await expect(client).toHaveSocket({ state: 'ESTAB', remotePort: 8081 });
});

scenario(
	'link: the time of healing is when the rules are removed, not when that was requested',
	{},
	async ({ client, server, link, timeline }) => {
		const first = await client.socket();
		await first.setNonBlocking();
		const cut = await link.cut({ name: 'cable' });
		await expect(first.connect(server.port(8080))).toFailWith('EINPROGRESS');
		let isOver = false;
		const healing = cut.heal().then(() => {
			isOver = true;
		});
		// Each connect sends a SYN at once. After the request to heal, some of them are still lost, and later ones arrive.
		while (!isOver) {
			const next = await first.process.socket();
			await next.setNonBlocking();
			await expect(next.connect(server.port(8080))).toFailWith('EINPROGRESS');
		}
		await healing;
		await timeline.context.flush();
		const lost = timeline.segments().filter(({ by }) => by === 'cable');
		const healed = timeline.context.history.of('fault').find(({ id, phase }) => id === 'cable' && phase === 'healed');
		expect(lost.length).toBeGreaterThan(0);
		expect(Math.max(...lost.map(({ t }) => t))).toBeLessThan(healed?.t ?? 0);
	},
);

scenario(
	'link: a spec decides whether a peer beyond a cut is ETIMEDOUT or EHOSTUNREACH',
	{ sysctls: { tcp_retries2: retries2 } },
	async ({ client, server, link }) => {
		await server.nc({ listen: 8080 });
		await server.nc({ listen: 8081 });
		const first = await client.dnc({ connect: server.port(8080) });
		expect(await neighbours(client)).toBe(`${server.address} lladdr ${server.mac} PERMANENT`);

		const cut = await link.cut();
		await client.forgetNeighbour();
		await first.type('hello?\n');
		// Nobody answers ARP (arp_error_report, ipv4_link_failure). TCP keeps that as a soft error and reports it instead
		// of ETIMEDOUT (tcp_write_err).
		await expect(first).toFail('read', 'EHOSTUNREACH', { after: retransmissionTimeout({ retries2 }) });
		await cut.heal();

		await client.pinNeighbour();
		expect(await neighbours(client)).toBe(`${server.address} lladdr ${server.mac} PERMANENT`);
		const retries = await client.sysctl({ tcp_retries2: 1 });
		const second = await client.dnc({ connect: server.port(8081) });
		await link.cut();
		await second.type('hello?\n');
		await expect(second).toFail('read', 'ETIMEDOUT', { after: retransmissionTimeout({ retries2: 1 }) });
		await retries.heal();
	},
);
