/** `link.mtu`: with ICMP, the sender learns the MTU of the path; without, nothing long arrives. */
import { expect, type Host, scenario } from '../index.ts';

/** Above the smallest MTU of IPv6, and below that of the hosts. */
const BYTES = 1_300;
/** The headers of IPv4 and TCP, with timestamps: the shortest that a segment of these hosts has. */
const HEADERS = 20 + 20 + 12;
/** More than one segment of the hosts' own MTU. */
const DATA = Buffer.alloc(3_000);

async function connected(client: Host, server: Host) {
	const listener = await (await server.socket()).listen(8080);
	const near = await client.socket();
	await near.connect(server.port(8080));
	return { near, far: await listener.accept() };
}

scenario('link.mtu without ICMP: a black hole', { sysctls: { tcp_mtu_probing: 0 } }, async (lab) => {
	const { client, server, link, timeline } = lab;
	const { near, far } = await connected(client, server);
	const hole = await link.mtu({ bytes: BYTES, icmp: false, from: 'client' });
	await near.send(DATA);
	// Segments and their retransmissions: the sender learns nothing.
	await expect(timeline).toShowSegment(`2..x > . dropped by ${hole.id}`);
	await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'on' });
	await hole.heal();
	await expect(far.recv(DATA.length, 'MSG_WAITALL')).toReturn(DATA.length);
	await timeline.context.flush();
	const data = timeline.segments('client').filter(({ length }) => length > 0);
	const lost = data.filter(({ by }) => by === hole.id);
	expect(lost.length).toBeGreaterThan(0);
	expect(lost.filter(({ length, arrived }) => length <= BYTES - HEADERS - 20 || arrived !== undefined)).toEqual([]);
	expect(timeline.context.history.of('icmp')).toEqual([]);
});

scenario('link.mtu with ICMP: the sender sends shorter segments', {}, async ({ client, server, link, timeline }) => {
	const { near, far } = await connected(client, server);
	const mtu = await link.mtu({ bytes: BYTES, icmp: true, from: 'client' });
	await near.send(DATA);
	await expect(far.recv(DATA.length, 'MSG_WAITALL')).toReturn(DATA.length);
	await expect(timeline).toShowSegment('< icmp fragmentation-needed');
	await mtu.heal();
	await timeline.context.flush();
	const [message] = timeline.context.history.of('icmp');
	expect(message).toMatchObject({ origin: 'injected', fate: 'delivered', mtu: BYTES, quotes: { seq: 1 } });
	// No host has its address.
	expect([client.address, server.address]).not.toContain(message?.from);
	const data = timeline.segments('client').filter(({ length }) => length > 0);
	expect(data.filter(({ fate, length }) => fate === 'delivered' && length > BYTES - HEADERS)).toEqual([]);
	expect(data.filter(({ fate, by }) => fate === 'dropped' && by !== mtu.id)).toEqual([]);
	// RFC 1191, 6.5: what was lost is sent again at once, not after a timeout.
	const healed = timeline.context.history.of('fault').find(({ phase }) => phase === 'healed');
	expect(healed?.proof).toMatch(/^packets lost: [1-9]\d* to the server$/);
});

scenario('link.mtu: errors', {}, async ({ link }) => {
	await expect(link.mtu({ bytes: 575, icmp: true })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
	const mtu = await link.mtu({ bytes: 1_400, icmp: true });
	await expect(mtu.heal()).rejects.toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });
});
