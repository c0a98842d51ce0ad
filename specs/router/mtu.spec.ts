/**
 * A link behind a router has a smaller MTU than the hosts' own. TCP sends segments that must not be fragmented (RFC
 * 1191), so the router drops what is too long. Does the sender learn the length that fits? If the router says so with
 * ICMP, it does. If it does not, or a firewall drops the message, the way is a black hole (RFC 2923, 2.1).
 */
import { expect, retransmissionTimeout, scenario } from '../../harness/index.ts';

/** The least MTU that IPv6 allows (RFC 8200, 5), and of many tunnels. */
const bytes = 1_280;
/** More than three full segments of Ethernet. */
const LENGTH = 5_000;

scenario(
	'mtu: the router says so',
	{
		question: 'A segment is too long for a link on the way, and the router tells the sender. What does TCP do?',
		between: 'router',
	},
	async ({ client, server, router, timeline }) => {
		await router.mtu({ bytes, icmp: true });
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		await listener.accept();
		const before = await writer.info();

		await writer.send('x'.repeat(LENGTH));
		await expect(timeline).toShowSegment('< icmp fragmentation-needed');
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: LENGTH });
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });
		const after = await writer.info();
		// The headers of IP and TCP, and the timestamp option, count (tcp_mtu_to_mss, tcp_current_mss).
		const headers = (client.ipVersion === 'ipv6' ? 40 : 20) + 20 + 12;
		expect([before.pmtu, before.snd_mss]).toEqual([1_500, 1_500 - headers]);
		// tcp_v4_mtu_reduced, tcp_v6_mtu_reduced: tcp_sync_mss.
		expect([after.pmtu, after.snd_mss]).toEqual([bytes, bytes - headers]);
		await timeline.upToDate();
		const data = timeline.segments('client').filter(({ length }) => length > 0);
		const lost = data.filter(({ by }) => by === 'router');
		expect(lost.every(({ length }) => length > bytes - headers)).toBe(true);
		const arrived = data.filter(({ fate }) => fate === 'delivered');
		expect(arrived.every(({ length }) => length <= bytes - headers)).toBe(true);
		// It does not wait for the retransmission timer, which is at least 200 ms (tcp_simple_retransmit).
		const message = timeline.icmp('router')[0]?.t ?? Number.NaN;
		const again = (arrived.find(({ t }) => t > message)?.t ?? Number.NaN) - message;
		return (
			`It lowers the MTU of the path to ${after.pmtu} and its segments to ${after.snd_mss} bytes, and sends what was ` +
			`lost again ${(again * 1_000).toFixed(0)} ms after the message.`
		);
	},
);

/** The timeout is reached after 6.2 s, instead of 15 minutes. */
const retries2 = 4;

scenario(
	'mtu: a black hole',
	{
		question: 'Nobody tells the sender that its segments are too long. What do both sides see?',
		between: 'router',
		// The kernel's default.
		sysctls: { tcp_mtu_probing: 0, tcp_retries2: retries2 },
	},
	async ({ client, server, router, timeline }) => {
		await router.mtu({ name: 'hole', bytes, icmp: false });
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();

		// The handshake and short segments fit, so the connection seems to work.
		await expect(writer.send('hello')).toReturn(5);
		await expect(reader.recv()).toReturn(5);
		const reading = writer.recv();
		await expect(writer.send('x'.repeat(LENGTH))).toReturn(LENGTH);
		await expect(reading).toFailWith('ETIMEDOUT', { after: retransmissionTimeout({ retries2 }) });
		await timeline.upToDate();
		expect(timeline.icmp()).toEqual([]);
		const full = timeline.segments('client').filter(({ length }) => length > 1_280);
		expect(full.every(({ by }) => by === 'router')).toBe(true);
		// The first segment is retransmitted as it is. Giving up sends nothing, so the server waits on.
		expect(full.length).toBeGreaterThan(retries2);
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, timer: 'none' });
		return (
			`Short data arrives, long data never does: ${full.length} segments are dropped, and the writer gets ` +
			`${writer.process.results('read')}. The reader waits.`
		);
	},
);

const probing = [
	{ when: 'after retransmissions', mtuProbing: 1 },
	{ when: 'always', mtuProbing: 2 },
] as const;

scenario.each(probing)(
	'mtu: probing $when finds a way through the black hole',
	({ mtuProbing }) => ({
		question: `Nobody tells the sender, but tcp_mtu_probing is ${mtuProbing}. Does the data arrive?`,
		between: 'router',
		sysctls: { tcp_mtu_probing: mtuProbing },
	}),
	async ({ client, server, router, timeline }, { mtuProbing }) => {
		await router.mtu({ name: 'hole', bytes, icmp: false });
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		await listener.accept();
		await expect(writer.send('x'.repeat(LENGTH))).toReturn(LENGTH);
		// 1: tcp_write_timeout lowers the MSS when tcp_retries1 (3) expiries have passed (tcp_mtu_probing). 2: it begins with
		// tcp_base_mss (1024), so nothing is too long (tcp_mtup_init).
		const expiries = mtuProbing === 1 ? { after: { atLeastMs: 0, atMostMs: 30_000 } } : {};
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: LENGTH }, expiries);
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });
		await timeline.upToDate();
		expect(timeline.icmp()).toEqual([]);
		const lost = timeline.segments('client').filter(({ by }) => by === 'router').length;
		const { snd_mss: mss } = await writer.info();
		expect(mss).toBeLessThan(bytes);
		if (mtuProbing === 1) expect(lost).toBeGreaterThan(3);
		else expect(lost).toBe(0);
		return `Yes: in segments of ${mss} bytes, after ${lost} that were lost.`;
	},
);
