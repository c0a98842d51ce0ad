/** `link.hold`: what is kept on the wire has left, arrives when it is released, and is told so. */
import { expect, type Host, scenario } from '../index.ts';

async function connected(client: Host, server: Host) {
	const listener = await (await server.socket()).listen(8080);
	const near = await client.socket();
	await near.connect(server.port(8080));
	return { near, far: await listener.accept() };
}

scenario('link.hold: two FINs cross on the wire', {}, async ({ client, server, link, timeline }) => {
	const { near, far } = await connected(client, server);
	const [fromClient, fromServer] = [await link.hold({ from: 'client' }), await link.hold({ from: 'server' })];
	await Promise.all([near.shutdown('WR'), far.shutdown('WR')]);
	await Promise.all([fromClient.untilHeld(1), fromServer.untilHeld(1)]);
	expect(await fromClient.held()).toBeGreaterThanOrEqual(1);
	// Neither has got the other's FIN.
	await expect(client).toHaveSocket({ state: 'FIN-WAIT-1' });
	await expect(server).toHaveSocket({ state: 'FIN-WAIT-1' });
	await Promise.all([fromClient.release(1), fromServer.release(1)]);
	// The acknowledgements are held in turn. So a FIN arrives before the own one is acknowledged (RFC 9293, 3.6, case 3).
	await expect(client).toHaveSocket({ state: 'CLOSING' });
	await expect(server).toHaveSocket({ state: 'CLOSING' });
	await Promise.all([fromClient.heal(), fromServer.heal()]);
	await expect(client).toHaveSocket({ state: 'TIME-WAIT' });
	await expect(server).toHaveSocket({ state: 'TIME-WAIT' });
	await timeline.context.flush();
	for (const [host, hold] of [['client', fromClient] as const, ['server', fromServer] as const]) {
		const [fin] = timeline.segments(host).filter(({ flags }) => flags === 'F.');
		expect(fin).toMatchObject({
			fate: 'delivered',
			retransmission: false,
			changes: [{ by: hold.id, what: 'held', t: expect.any(Number), until: expect.any(Number) }],
		});
		const { t = 0, until = 0 } = fin?.changes?.[0] ?? {};
		expect(t).toBeGreaterThanOrEqual(fin?.t ?? Number.POSITIVE_INFINITY);
		expect(until).toBeGreaterThan(t);
		expect(fin?.arrived).toBeGreaterThanOrEqual(until);
		const healed = timeline.context.history.of('fault').find(({ id, phase }) => id === hold.id && phase === 'healed');
		expect(healed?.proof).toMatch(/^packets held: [1-9]\d* to the (server|client)$/);
	}
});

scenario('link.hold: a segment is overtaken by the next one', {}, async ({ client, server, link, timeline }) => {
	const { near, far } = await connected(client, server);
	const hold = await link.hold({ from: 'client', tcpFlags: 'PSH PSH', length: 3, nth: 1 });
	// At once: after an expiry of the retransmission timer the congestion window is one segment, and the second segment
	// would wait (RFC 5681, 3.1). Either call may be the first.
	await Promise.all([near.send('one'), near.send('two')]);
	// Out of order: it is in the queue of the receiver, who acknowledges 1 again, with a SACK (RFC 2018, 4).
	await expect(timeline).toShowSegment('> P. 3');
	await expect(timeline).toShowSegment('< .');
	await hold.heal();
	await expect(far.recv(6, 'MSG_WAITALL')).toReturn(6);
	await timeline.context.flush();
	const [first, second] = timeline.segments().filter(({ flags }) => flags === 'P.');
	expect(first?.arrived).toBeGreaterThan(second?.arrived ?? Number.POSITIVE_INFINITY);
	const acks = timeline.segments('server').filter(({ options }) => options?.sack);
	expect(acks[0]?.options?.sack).toEqual([{ from: 4, to: 7 }]);
});

scenario(
	'link.hold: what is held passes to the next boot of a host',
	{},
	async ({ client, server, link, timeline }) => {
		const { near } = await connected(client, server);
		const hold = await link.hold({ from: 'client', tcpFlags: 'PSH PSH' });
		await near.send('late');
		await hold.untilHeld(1);
		await server.reboot();
		await hold.release();
		// The new stack has no such connection (RFC 9293, 3.10.7.1).
		await expect(timeline).toShowSegment('> P. 4');
		await expect(timeline).toShowSegment('< R');
		await hold.heal();
	},
);

scenario('link.hold: errors', {}, async ({ link }) => {
	await expect(link.hold({ fom: 'client' } as object)).rejects.toMatchObject({ code: 'OPTION_UNKNOWN' });
	const hold = await link.hold({ tcpFlags: 'URG URG' });
	expect(await hold.held()).toBe(0);
	await expect(hold.heal()).rejects.toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });
});

scenario('link.hold: impossible with offloads', { offloads: true }, async ({ link }) => {
	await expect(link.hold()).rejects.toMatchObject({ code: 'OFFLOADS_ON' });
});
