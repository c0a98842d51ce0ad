/** A router with a small MTU: what it says to the sender, and what happens if it says nothing. */
import { expect, scenario } from '../index.ts';

/** An MTU that IPv6 allows, too (RFC 8200, 5). */
const bytes = 1_280;
/** More than three segments of 1460 bytes, the MSS of Ethernet over IPv4. */
const LENGTH = 5_000;

scenario('mtu: the router says that a packet is too long', { between: 'router' }, async (lab) => {
	const { client, server, router, timeline } = lab;
	const small = await router.mtu({ bytes, icmp: true });
	const listener = await server.socket().then((socket) => socket.listen(8080));
	const writer = await client.socket();
	await writer.connect(server.port(8080));
	const reader = await listener.accept();
	await writer.send('x'.repeat(LENGTH));
	await expect(timeline).toShowSegment('< icmp fragmentation-needed');
	await timeline.upToDate();
	const [message] = timeline.icmp('router');
	expect(message).toMatchObject({ host: 'router', receiver: 'client', mtu: bytes, fate: 'delivered' });
	const lost = timeline.segments('client').filter(({ by }) => by === 'router');
	expect(lost[0]?.router).toEqual({ entered: expect.any(Number) });
	// tcp_v4_mtu_reduced: it sends again in segments that fit.
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });
	await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: LENGTH });
	await reader.close();
	await small.heal();
	const fault = timeline.context.history.of('fault').find(({ phase }) => phase === 'proven');
	expect(fault?.proof).toMatch(/mtu lock 1280.*mtu lock 1280/);
});

scenario('mtu: a black hole', { between: 'router' }, async ({ client, server, router, timeline }) => {
	const hole = await router.mtu({ name: 'hole', bytes, icmp: false });
	const listener = await server.socket().then((socket) => socket.listen(8080));
	const writer = await client.socket();
	await writer.connect(server.port(8080));
	await listener.accept();
	await writer.send('short');
	await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 5 });
	await writer.send('x'.repeat(LENGTH));
	// With tcp_mtu_probing 0, the kernel’s default, the same segment is sent again and again.
	await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'on', timerCount: { atLeast: 2 } });
	await timeline.upToDate();
	expect(timeline.icmp()).toEqual([]);
	expect(timeline.segments('client').filter(({ by }) => by === 'router').length).toBeGreaterThanOrEqual(3);
	await hole.heal();
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });
});

scenario('mtu: one that IP does not allow is refused', { between: 'router' }, async ({ router }) => {
	await expect(router.mtu({ bytes: 575, icmp: true })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});
