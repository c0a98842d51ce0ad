/** Power off says nothing to anybody, and what comes back is a new machine with the old address. */
import { expect, type Host, scenario } from '../index.ts';

async function output({ boot }: Host, ...argv: string[]): Promise<string> {
	return (await boot.machine.run(argv)).out.trim();
}

scenario(
	'power: off in the middle of a pause with unread data, and on again',
	{ sysctls: { tcp_fin_timeout: 7 } },
	async ({ client, server, timeline, step }) => {
		const { history } = timeline.context;
		await server.nc({ listen: 8080 });
		const kang = await client.dnc({ connect: server.port(8080) });
		await server.pause();
		await kang.type('kodos, are you there?\n');
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 22 });

		step('power off');
		const power = await server.powerOff();
		expect(server.isOn).toBe(false);
		// A socket that is closed with unread data sends a RST, any other a FIN (RFC 2525, 2.17; tcp_close): none of the
		// two came out.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 22', '< .');
		expect(history.of('fault').find(({ id, phase }) => id === power.id && phase === 'proven')?.proof).toMatch(
			'no FIN, no RST',
		);
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0, timer: 'none' });
		for (const refused of [
			server.powerOff(),
			server.drop(),
			server.nc({ listen: 8080 }),
			server.sysctl({ tcp_retries2: 5 }),
		]) {
			await expect(refused).rejects.toMatchObject({ code: 'HOST_OFF' });
		}
		// What the engine made of the dead stack is marked, and no state of the server's.
		const ghosts = history.of('state', 'server').filter(({ ghost }) => ghost);
		expect(ghosts.map(({ boot, from }) => ({ boot, from }))).toContainEqual({ boot: 1, from: 'ESTAB' });
		expect(timeline.states('server').at(-1)).toBe('ESTAB');

		step('power on');
		await server.powerOn();
		expect(await output(server, 'ip', '-o', 'link', 'show', server.boot.device)).toMatch(server.mac);
		expect(await output(server, 'ip', '-o', '-4', 'address', 'show', server.boot.device)).toMatch(
			` ${server.address}/`,
		);
		expect(await output(server, 'cat', '/proc/sys/net/ipv4/tcp_fin_timeout')).toBe('7');
		expect(await output(server, 'ip', 'neigh', 'show', client.address)).toMatch(`lladdr ${client.mac} PERMANENT`);
		await expect(server).toHaveNoSocket();
		// Not paused any more: programs start.
		const kodos = await server.nc({ listen: 8080 });
		const again = await client.dnc({ connect: server.port(8080) });
		await again.type('again\n');
		await expect(kodos).toPrint('again\n');
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080 });
		const newcomers = [...timeline.segments('server'), ...history.of('state', 'server')].filter(
			({ t }) => t > (history.of('step').at(-1)?.t ?? 0),
		);
		expect(new Set(newcomers.map((event) => event.boot))).toEqual(new Set([2]));
	},
);

scenario(
	'power: both off; faults of a machine that is gone heal without a word',
	{},
	async ({ client, server, link, timeline }) => {
		const drop = await server.drop({ name: 'drop' });
		const sysctl = await server.sysctl({ tcp_retries2: 5 });
		const pause = await server.pause();
		const kill = await client.kill();
		await server.powerOff();
		await client.powerOff();
		for (const fault of [drop, sysctl, pause, kill]) await fault.heal();
		expect(timeline.context.history.of('fault').filter(({ proof }) => proof === 'gone with the machine')).toHaveLength(
			4,
		);
		const cut = await link.cut();
		await Promise.all([client.powerOn(), server.powerOn()]);
		await cut.heal();
		expect(client.boot.number).toBe(2);
		await server.nc({ listen: 8080 });
		await client.nc({ connect: server.port(8080) });
		await expect(client).toHaveSocket({ state: 'ESTAB' });
	},
);

scenario('power: programs do nothing any more once it is off', {}, async ({ client, server, timeline }) => {
	// The engine needs some tenths of a second to end it: time for a dozen ticks.
	const busy = await server.run(['sh', '-c', 'while echo tick; do sleep 0.02; done']);
	await expect(busy).toPrint('tick');
	await server.powerOff();
	const { history } = timeline.context;
	const off = history.of('fault').find(({ phase }) => phase === 'injected')?.t ?? 0;
	const done = [...history.of('call', 'server'), ...history.of('output', 'server')];
	expect(done.length).toBeGreaterThan(0);
	expect(done.filter(({ t }) => t > off)).toEqual([]);
	expect(client.isOn).toBe(true);
});
