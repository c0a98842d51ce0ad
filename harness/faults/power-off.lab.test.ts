/** A power off sends nothing, and after power on the host is a new machine with the old address. */
import { expect, type Host, scenario } from '../index.ts';
import { DEVICE } from '../lab/wire.ts';

async function output({ boot }: Host, ...argv: string[]): Promise<string> {
	return (await boot.machine.run(argv)).out.trim();
}

scenario(
	'power: off in the middle of a pause with unread data, and on again',
	{ sysctls: { tcp_fin_timeout: 7 } },
	async ({ client, server, timeline, step }) => {
		const { history } = timeline.context;
		await server.nc({ listen: 8080 });
		const writer = await client.dnc({ connect: server.port(8080) });
		await server.pause();
		await writer.type('hello, are you there?\n');
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 22 });

		step('power off');
		const power = await server.powerOff();
		expect(server.isOn).toBe(false);
		// A socket that is closed with unread data sends a RST, any other a FIN (RFC 2525, 2.17; tcp_close). Neither was
		// sent.
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
		// State changes of the dead stack, which the engine removes, are marked and do not count as the server's.
		const ghosts = history.of('state', 'server').filter(({ ghost }) => ghost);
		expect(ghosts.map(({ boot, from }) => ({ boot, from }))).toContainEqual({ boot: 1, from: 'ESTAB' });
		expect(timeline.states('server').at(-1)).toBe('ESTAB');

		step('power on');
		await server.powerOn();
		expect(await output(server, 'ip', '-o', 'link', 'show', DEVICE)).toMatch(server.mac);
		expect(await output(server, 'ip', '-o', 'address', 'show', DEVICE)).toMatch(` ${server.address}/`);
		expect(await output(server, 'cat', '/proc/sys/net/ipv4/tcp_fin_timeout')).toBe('7');
		expect(await output(server, 'ip', 'neigh', 'show', client.address)).toMatch(`lladdr ${client.mac} PERMANENT`);
		await expect(server).toHaveNoSocket();
		// The pause has ended with the old boot, so programs can be started.
		const reader = await server.nc({ listen: 8080 });
		const again = await client.dnc({ connect: server.port(8080) });
		await again.type('again\n');
		await expect(reader).toPrint('again\n');
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080 });
		const eventsSinceBoot = [...timeline.segments('server'), ...history.of('state', 'server')].filter(
			({ t }) => t > (history.of('step').at(-1)?.t ?? 0),
		);
		expect(new Set(eventsSinceBoot.map((event) => event.boot))).toEqual(new Set([2]));
	},
);

scenario(
	'power: both off; faults of a machine that has gone can be healed',
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

scenario('power: what programs do after the power off does not count', {}, async ({ client, server, timeline }) => {
	// The engine needs some tenths of a second to end the program, which is enough for a dozen ticks.
	const busy = await server.run(['sh', '-c', 'while echo tick; do sleep 0.02; done']);
	await expect(busy).toPrint('tick');
	await server.powerOff();
	const { history } = timeline.context;
	const off = history.of('fault').find(({ phase }) => phase === 'injected')?.t ?? 0;
	const recorded = [...history.of('call', 'server'), ...history.of('output', 'server')];
	expect(recorded.length).toBeGreaterThan(0);
	expect(recorded.filter(({ t }) => t > off)).toEqual([]);
	expect(client.isOn).toBe(true);
});
