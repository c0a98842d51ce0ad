/** Faults of the wire: what each loses is seen to leave, is logged on the wire, and arrives nowhere. */
import { expect, scenario } from '../index.ts';
import type { Host } from '../lab/host.ts';
import { ip } from '../lab/ip.ts';
import { DEVICE } from '../lab/wire.ts';

/** A connection between two controlled sockets. */
async function connected(client: Host, server: Host) {
	const listener = await (await server.socket()).listen(8080);
	const near = await client.socket();
	await near.connect(server.port(8080));
	return { near, far: await listener.accept() };
}

/** What the kernel of a host says about its interface. */
async function flagsOf({ boot }: Host): Promise<readonly string[]> {
	const [{ flags }] = JSON.parse((await ip(boot.machine, [`link show ${DEVICE}`], '-json')).out);
	return flags;
}

scenario('link.cut from one host: the other direction goes on', {}, async ({ client, server, link, timeline }) => {
	const { near, far } = await connected(client, server);
	const cut = await link.cut({ from: 'server' });
	await expect(near.send('one')).toReturn(3);
	// The bytes arrive, but their acknowledgement does not, so they are sent again.
	await expect(timeline).toShowSegment('> P. 3');
	await expect(timeline).toShowSegment(`< . dropped by ${cut.id}`);
	await expect(far.recv()).toReturn(3);
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 3, timer: 'on' });
	await cut.heal();
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });
	await timeline.context.flush();
	const lost = timeline.segments().filter(({ by }) => by === cut.id);
	expect(lost.length).toBeGreaterThan(0);
	expect(lost.filter(({ host, arrived }) => host !== 'server' || arrived !== undefined)).toEqual([]);
});

/** In bytes. */
const BULK = 200_000;

scenario('link.loss: each lost segment is told, and the bytes arrive all the same', {}, async (lab) => {
	const { client, server, link, timeline } = lab;
	const { near, far } = await connected(client, server);
	const loss = await link.loss({ share: 0.1, from: 'client', name: 'tenth' });
	const sending = near.send('x'.repeat(BULK));
	for (let left = BULK; left > 0; ) left -= (await far.recv()).returned;
	await expect(sending).toReturn(BULK);
	await loss.heal();
	await timeline.context.flush();
	const lost = timeline.segments().filter(({ by }) => by === 'tenth');
	// At least 137 full segments. None of them is lost once in 10^6 runs; one is lost seven times in a row, so that the
	// transfer takes longer than a scenario may, once in 10^5 runs.
	expect(lost.length).toBeGreaterThan(0);
	expect(lost.filter(({ host, fate, arrived }) => host !== 'client' || fate !== 'dropped' || arrived)).toEqual([]);
	const healed = timeline.context.history.of('fault').find(({ id, phase }) => id === 'tenth' && phase === 'healed');
	expect(healed?.proof).toBe(`packets lost: ${lost.length} to the server`);
	await expect(link.loss({ share: 1.5 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
	await expect(link.loss({ share: 0 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});

scenario('link.loss in bursts: a burst begins and ends as the model says', {}, async (lab) => {
	const { client, server, link, timeline } = lab;
	const { near, far } = await connected(client, server);
	// Bursts of one packet, as often as possible: each packet that passes is followed by one that is lost.
	const loss = await link.loss({ share: 0.5, burst: 1, from: 'client', length: { atLeast: 1 } });
	for (let sent = 0; sent < 5; sent++) {
		await near.send('x');
		await expect(far.recv()).toReturn(1);
	}
	await loss.heal();
	await timeline.context.flush();
	const data = timeline.segments('client').filter(({ length }) => length > 0);
	expect(data.length).toBeGreaterThanOrEqual(10);
	expect(data.map(({ fate }) => fate)).toEqual(data.map((_, index) => (index % 2 === 0 ? 'dropped' : 'delivered')));
	await expect(link.loss({ share: 0.6, burst: 1 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
	await expect(link.loss({ every: 2, burst: 2 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});

scenario('link.loss that lost nothing: heal rejects', {}, async ({ link }) => {
	const loss = await link.loss({ share: 0.5 });
	await expect(loss.heal()).rejects.toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });
});

scenario('link.unplug: one host has no carrier, and the other does not notice', {}, async (lab) => {
	const { client, server, link, timeline } = lab;
	const { near, far } = await connected(client, server);
	const unplugged = await link.unplug('server');
	expect(await flagsOf(server)).not.toContain('LOWER_UP');
	expect(await flagsOf(client)).toContain('LOWER_UP');
	await expect(near.send('one')).toReturn(3);
	await expect(timeline).toShowSegment(`> P. 3 dropped by ${unplugged.id}`);
	await unplugged.heal();
	expect(await flagsOf(server)).toContain('LOWER_UP');
	await expect(far.recv()).toReturn(3);
});

scenario('link.unplug: the cable of a host that reboots stays unplugged', {}, async ({ client, server, link }) => {
	const unplugged = await link.unplug('server');
	await server.reboot();
	expect(await flagsOf(server)).not.toContain('LOWER_UP');
	await expect(link.unplug('server')).rejects.toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });
	await unplugged.heal();
	await connected(client, server);
});
