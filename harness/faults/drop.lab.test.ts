/** `drop` drops exactly the packets that match, and its counter agrees with the timeline. */
import { expect, type Host, type PacketFault, scenario, type Timeline } from '../index.ts';

/** An address for documentation (RFC 5737): no packet comes from it. */
const NOBODY = '192.0.2.1';

/**
 * The number of bytes that opens the congestion window from 10 segments to more than 64 KiB. The window doubles with
 * each round trip (RFC 5681, 3.1).
 */
const WARM_UP = 300_000;

/** Expects that the rule's counter and the firewall log agree. Returns the count. */
async function expectCountedAsShown(timeline: Timeline, fault: PacketFault): Promise<number> {
	await timeline.context.flush();
	const shown = timeline.segments().filter(({ fate, by }) => fate === 'dropped' && by === fault.id).length;
	expect(await fault.count()).toBe(shown);
	return shown;
}

/** Returns the rules of a host, except those that log its sentinels, which stay as long as it runs. */
async function rulesOf({ boot }: Host): Promise<string> {
	const { out } = await boot.machine.run(['iptables-save']);
	const rules = out.split('\n').filter((line) => !line.startsWith('#') && !line.includes('HALFOPEN-SENTINEL'));
	return rules.map((line) => line.replace(/\[\d+:\d+\]$/, '')).join('\n');
}

scenario(
	'drop: only SYN-ACKs, by port, by address; other rules stay',
	{},
	async ({ client, server, timeline, step }) => {
		// A rule on both hosts that is not the lab's. Rules of faults are inserted in front of it.
		for (const { boot } of [client, server])
			await boot.machine.run(['iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '7', '-j', 'DROP']);
		const before = { client: await rulesOf(client), server: await rulesOf(server) };

		step('SYN-ACKs are lost');
		const reader = await server.nc({ listen: 8080 });
		const synAcks = await client.drop({ name: 'syn-acks', tcpFlags: 'SYN,RST,ACK SYN,ACK' });
		const writer = await client.nc({ connect: server.port(8080), until: 'started' });
		await expect(timeline).toShowSegment('< S. dropped by syn-acks');
		// The SYN arrived, so one side waits for an ACK and the other for a SYN-ACK (RFC 9293, 3.5).
		await expect(client).toHaveSocket({ state: 'SYN-SENT', timer: 'on' });
		await expect(server).toHaveSocket({ state: 'SYN-RECV' });
		await synAcks.heal();
		// The SYN-ACK is first retransmitted after TCP_TIMEOUT_INIT, 1 s.
		await expect(client).toHaveSocket({ state: 'ESTAB', remotePort: 8080 });
		await writer.type('through\n');
		await expect(reader).toPrint('through\n');
		await expectCountedAsShown(timeline, synAcks);
		const lost = timeline.segments().filter(({ fate }) => fate === 'dropped');
		expect(new Set(lost.map(({ host, flags }) => `${host} ${flags}`))).toEqual(new Set(['server S.']));

		step('one fault drops a port, one an address, and neither drops the other’s packets');
		const otherReader = await server.nc({ listen: 8081 });
		const otherWriter = await client.nc({ connect: server.port(8081) });
		const toPort = await server.drop({ name: 'to-8081', destinationPort: 8081 });
		const fromPort = await client.drop({ name: 'from-8080', sourcePort: 8080, sourceAddress: server.address });
		const fromNobody = await server.drop({ name: 'from-nobody', sourceAddress: NOBODY });
		await Promise.all([otherWriter.type('lost\n'), writer.type('there\n')]);
		await expect(timeline).toShowSegment('> P. 5 dropped by to-8081');
		await expect(reader).toPrint('there\n');
		await expect(timeline).toShowSegment('< . dropped by from-8080');
		expect(otherReader.output).toBe('');
		await Promise.all([toPort.heal(), fromPort.heal()]);
		await expect(otherReader).toPrint('lost\n');
		// Retransmissions after healing are acknowledged, so the send queues become empty.
		await expect(client).toHaveNoSocket({ sendQueue: 5 });
		await expect(client).toHaveNoSocket({ sendQueue: 6 });
		for (const fault of [toPort, fromPort]) await expectCountedAsShown(timeline, fault);
		const ports = (id: string) =>
			new Set(timeline.segments().flatMap(({ by, from, to }) => (by === id ? [from.port, to.port] : [])));
		expect(ports('to-8081')).toContain(8081);
		expect(ports('to-8081')).not.toContain(8080);
		expect(ports('from-8080')).not.toContain(8081);

		// A fault without effect rejects when it is healed.
		await expect(fromNobody.heal()).rejects.toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });
		expect({ client: await rulesOf(client), server: await rulesOf(server) }).toEqual(before);
	},
);

scenario('drop: every nth, and at random', {}, async ({ client, server, timeline, step }) => {
	const reader = await server.nc({ listen: 8080 });
	const writer = await client.nc({ connect: server.port(8080) });

	step('every third segment with data');
	const third = await server.drop({ name: 'third', tcpFlags: 'PSH PSH', every: 3 });
	for (const line of ['one\n', 'two\n', 'three\n', 'four\n']) {
		await writer.type(line);
		await expect(reader).toPrint(line);
	}
	await third.heal();
	// The rule counts packets: the first is dropped, and its retransmission is the second.
	const fates = timeline.segments('client').flatMap(({ length, fate }) => (length > 0 ? [fate] : []));
	expect(fates).toEqual(fates.map((_, index) => (index % 3 === 0 ? 'dropped' : 'delivered')));
	expect(await expectCountedAsShown(timeline, third)).toBeGreaterThanOrEqual(2);

	step('every SYN with a probability of one half');
	const half = await server.drop({ name: 'half', tcpFlags: 'SYN,ACK SYN', destinationPort: 7000, probability: 0.5 });
	const many = `const { connect } = require('node:net');
		for (let left = 200; left > 0; left--) connect(7000, '${server.address}').on('error', () => {});
		setImmediate(() => console.log('all are on their way'));`;
	const knocks = await client.run(['node', '-e', many]);
	await expect(knocks).toPrint('all are on their way');
	await knocks.signal('SIGKILL');
	await knocks.ended;
	await half.heal();
	await expectCountedAsShown(timeline, half);
	const first = timeline.segments('client').filter(({ to, retransmission }) => to.port === 7000 && !retransmission);
	expect(first).toHaveLength(200);
	// With 200 packets, fewer than 50 or more than 150 are dropped once in 10^12 runs.
	const dropped = first.filter(({ fate }) => fate === 'dropped').length;
	expect(dropped).toBeGreaterThan(50);
	expect(dropped).toBeLessThan(150);
});

scenario('drop: packets that leave, which the sender’s stack notices', {}, async ({ client, server, timeline }) => {
	const reader = await server.nc({ listen: 8080 });
	const writer = await client.dnc({ connect: server.port(8080) });
	const out = await client.drop({ name: 'leaving', direction: 'out', destinationPort: 8080 });
	await writer.type('hello, are you there?\n');
	await expect(writer).toHaveReturned('write', 22);
	// The firewall returns EPERM to the kernel's transmission (nf_hook_slow), so the segment counts as not sent: nothing
	// is in flight that could be retransmitted, and the probe timer sends it again (tcp_check_probe_timer).
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 22, timer: 'persist' });
	expect(timeline.context.history.of('retransmit', 'client')).toEqual([]);
	await expect(timeline).toShowSegments('> S', '< S.', '> .', '2..x > P. 22 dropped by leaving');
	await out.heal();
	await expect(reader).toPrint('hello, are you there?\n');
	await expectCountedAsShown(timeline, out);
	expect(timeline.context.history.of('retransmit', 'client')).toEqual([]);
});

scenario(
	'drop: dropped segments of every size are recorded, with a rule and with a cut',
	{},
	async ({ client, server, link, timeline }) => {
		const listener = await (await server.socket()).listen(8080, { backlog: 8 });
		// WARM_UP bytes are sent first, so that the congestion window allows segments of the largest size, which is 64 KiB
		// if the interface splits them (GSO).
		const connections = await Promise.all(
			[1, 100, 1_000, 16_000, 64_000].map(async (bytes) => ({ bytes, socket: await client.socket() })),
		);
		for (const { socket } of connections) {
			await socket.connect(server.port(8080));
			const accepted = await listener.accept();
			const sent = socket.send('w'.repeat(WARM_UP));
			for (let left = WARM_UP; left > 0; ) left -= (await accepted.recv(WARM_UP)).returned;
			await sent;
		}
		const lost = await server.drop({ name: 'lost', destinationPort: 8080 });
		// The calls are not awaited: on a busy machine the send buffer may have grown less (tcp_sndbuf_expand).
		const first = connections.map(({ bytes, socket }) => socket.send('z'.repeat(bytes)));
		await expect(timeline).toShowSegment('> P. dropped by lost');
		await lost.heal();
		await Promise.all(first);
		expect(await expectCountedAsShown(timeline, lost)).toBeGreaterThanOrEqual(connections.length);

		const cut = await link.cut({ name: 'cable' });
		const second = connections.map(({ bytes, socket }) => socket.send('y'.repeat(bytes)));
		await expect(timeline).toShowSegment('> P. dropped by cable');
		await cut.heal();
		await Promise.all(second);
		await timeline.context.flush();
		const { proof } = timeline.context.history.of('fault').findLast(({ id }) => id === 'cable') ?? {};
		// On a busy machine the server may still acknowledge earlier data.
		const lostFrom = (host: 'client' | 'server') => timeline.segments(host).filter(({ by }) => by === 'cable').length;
		const dropped = lostFrom('client');
		expect(proof).toMatch(`packets lost: ${lostFrom('server')} to the client, ${dropped} to the server`);
		expect(timeline.context.history.losses).toEqual([]);
	},
);
