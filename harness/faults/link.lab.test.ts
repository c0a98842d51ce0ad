/** A wire that is cut: silent, counted, and whole again when it is mended. */
import { expect, type Host, retransmissionTimeout, scenario } from '../index.ts';

/**
 * So that ARP gives up before TCP does: three requests, a second apart (mcast_solicit, retrans_time_ms), against 6.2 s.
 */
const retries2 = 4;

async function neighbours({ boot }: Host): Promise<string> {
	return (await boot.machine.run(['ip', 'neigh', 'show', 'dev', boot.device])).out.trim();
}

scenario('link: cut and mended, the connection lives on', {}, async ({ client, server, link, timeline, step }) => {
	const kodos = await server.nc({ listen: 8080 });
	const kang = await client.dnc({ connect: server.port(8080) });
	const cut = await link.cut({ name: 'cable' });
	await Promise.all([kang.type('kodos?\n'), kodos.type('kang?\n')]);
	await expect(timeline).toShowSegment('> P. 7 dropped by cable');
	await expect(timeline).toShowSegment('< P. 6 dropped by cable');
	// Lost in the middle: both stacks think that it is on its way, and their retransmission timers run (RFC 6298, 5.1).
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 7, timer: 'on' });
	await expect(server).toHaveSocket({ state: 'ESTAB', sendQueue: 6, timer: 'on' });
	await cut.heal();
	await expect(kodos).toPrint('kodos?\n');
	await expect(kang).toPrint('kang?\n');
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });

	await timeline.context.flush();
	const lost = timeline.segments().filter(({ by }) => by === 'cable');
	const lostTo = (host: 'client' | 'server') => lost.filter((segment) => segment.host !== host).length;
	const healed = timeline.context.history.of('fault').find(({ id, phase }) => id === 'cable' && phase === 'healed');
	expect(healed?.proof).toBe(`packets lost: ${lostTo('client')} to the client, ${lostTo('server')} to the server`);

	step('a host that reboots finds the wire cut');
	const again = await link.cut({ name: 'again' });
	await server.reboot();
	await server.nc({ listen: 8081 });
	await client.nc({ connect: server.port(8081), until: 'started' });
	await expect(timeline).toShowSegment('> S dropped by again');
	await again.heal();
	// The SYN again comes after TCP_TIMEOUT_INIT, 1 s.
	await expect(client).toHaveSocket({ state: 'ESTAB', remotePort: 8081 });
});

scenario(
	'link: healed is when the rules are gone, not when that was asked for',
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
		// A SYN leaves at once with each connect: some are lost after the healing was asked for, others arrive.
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
	'link: whether a peer beyond a cut is ETIMEDOUT or EHOSTUNREACH is the spec’s to say',
	{ sysctls: { tcp_retries2: retries2 } },
	async ({ client, server, link }) => {
		await server.nc({ listen: 8080 });
		await server.nc({ listen: 8081 });
		const kang = await client.dnc({ connect: server.port(8080) });
		expect(await neighbours(client)).toBe(`${server.address} lladdr ${server.mac} PERMANENT`);

		const cut = await link.cut();
		await client.forgetNeighbour();
		await kang.type('kodos?\n');
		// Nobody answers ARP (arp_error_report, ipv4_link_failure); TCP keeps that as a soft error and tells it in place of
		// ETIMEDOUT (tcp_write_err).
		await expect(kang).toFail('read', 'EHOSTUNREACH', { after: retransmissionTimeout({ retries2 }) });
		await cut.heal();

		await client.pinNeighbour();
		expect(await neighbours(client)).toBe(`${server.address} lladdr ${server.mac} PERMANENT`);
		const retries = await client.sysctl({ tcp_retries2: 1 });
		const zap = await client.dnc({ connect: server.port(8081) });
		await link.cut();
		await zap.type('kodos?\n');
		await expect(zap).toFail('read', 'ETIMEDOUT', { after: retransmissionTimeout({ retries2: 1 }) });
		await retries.heal();
	},
);
