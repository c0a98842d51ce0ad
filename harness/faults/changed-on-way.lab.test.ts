/** Faults of the wire that change segments on their way: each change is told, and what the stacks make of it. */
import { expect, type Host, scenario } from '../index.ts';

async function connected(client: Host, server: Host) {
	const listener = await (await server.socket()).listen(8080);
	const near = await client.socket();
	await near.connect(server.port(8080));
	// So that a segment does not wait until the one before is acknowledged.
	await near.setOption('TCP_NODELAY', 1);
	return { near, far: await listener.accept() };
}

scenario('link.duplicate: the receiver tells the sender of the copy (D-SACK)', {}, async (lab) => {
	const { client, server, link, timeline } = lab;
	const { near, far } = await connected(client, server);
	const duplicate = await link.duplicate({ from: 'client', tcpFlags: 'PSH PSH' });
	await near.send('one');
	await expect(far.recv()).toReturn(3);
	// RFC 2883, 4: the first SACK block has what was received twice, below the ACK.
	await expect(timeline).toShowSegment('2x < .');
	await duplicate.heal();
	await timeline.context.flush();
	const data = timeline.segments('client').filter(({ length }) => length > 0);
	expect(data).toMatchObject([
		{
			fate: 'delivered',
			retransmission: false,
			changes: [{ by: duplicate.id, what: 'duplicated', arrived: expect.any(Number) }],
		},
	]);
	const [answer] = timeline.segments('server').filter(({ options }) => options?.sack);
	expect(answer).toMatchObject({ ack: 4, options: { sack: [{ from: 1, to: 4 }] } });
	const healed = timeline.context.history.of('fault').find(({ phase }) => phase === 'healed');
	expect(healed?.proof).toBe('packets duplicated: 1 to the server');
});

scenario('link.reorder: a segment is overtaken by the next two', {}, async ({ client, server, link, timeline }) => {
	const { near, far } = await connected(client, server);
	const reorder = await link.reorder({ from: 'client', length: { atLeast: 1 }, nth: 1, by: 2, atMostMs: 10_000 });
	// Three segments in one call: the kernel sends them without a look at what comes back meanwhile.
	const bytes = 3 * 1_400;
	await near.send(Buffer.alloc(bytes));
	await expect(far.recv(bytes, 'MSG_WAITALL')).toReturn(bytes);
	await reorder.heal();
	await timeline.context.flush();
	const data = timeline.segments('client').filter(({ length, retransmission }) => length > 0 && !retransmission);
	expect(data).toHaveLength(3);
	const inOrderOfArrival = [...data].sort((one, other) => (one.arrived ?? 0) - (other.arrived ?? 0));
	expect(inOrderOfArrival).toEqual([data[1], data[2], data[0]]);
	expect(data[0]?.changes).toEqual([
		{ by: reorder.id, what: 'reordered', t: expect.any(Number), until: expect.any(Number), overtakenBy: 2 },
	]);
	expect(data.slice(1).filter(({ changes }) => changes)).toEqual([]);
});

scenario('link.reorder: a segment that nothing overtakes goes on after its time', {}, async (lab) => {
	const { client, server, link, timeline } = lab;
	const { near, far } = await connected(client, server);
	const reorder = await link.reorder({ from: 'client', tcpFlags: 'PSH PSH', nth: 1, by: 5, atMostMs: 50 });
	await near.send('a');
	await expect(far.recv()).toReturn(1);
	await expect(reorder.heal()).rejects.toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });
	await timeline.context.flush();
	const [first] = timeline.segments('client').filter(({ length }) => length > 0);
	const { what, t = 0, until = 0 } = first?.changes?.[0] ?? {};
	// It was late, which is no change of the order.
	expect(what).toBe('held');
	expect(until - t).toBeGreaterThanOrEqual(0.05);
});

scenario('link.corrupt: the receiver discards the segment, and the sender sends it again', {}, async (lab) => {
	const { client, server, link, timeline } = lab;
	const { near, far } = await connected(client, server);
	const { TcpInCsumErrors: before = Number.NaN } = await server.counters();
	const corrupt = await link.corrupt({ from: 'client', tcpFlags: 'PSH PSH', nth: 1 });
	await near.send('one');
	await expect(timeline).toShowSegment(`> P. 3 dropped by ${corrupt.id}`);
	await expect(far.recv()).toReturn(3);
	await corrupt.heal();
	expect(await server.counters()).toMatchObject({ TcpInCsumErrors: before + 1 });
	await timeline.context.flush();
	const [first, again] = timeline.segments('client').filter(({ length }) => length > 0);
	expect(first).toMatchObject({ arrived: expect.any(Number), changes: [{ by: corrupt.id, what: 'corrupted' }] });
	expect(again).toMatchObject({ fate: 'delivered', retransmission: true });
	expect(again).not.toHaveProperty('changes');
});

scenario('link.corrupt: without data, the checksum is corrupted', {}, async ({ client, server, link, timeline }) => {
	const { near } = await connected(client, server);
	const { TcpInCsumErrors: before = Number.NaN } = await server.counters();
	const corrupt = await link.corrupt({ from: 'client', tcpFlags: 'FIN FIN', nth: 1 });
	await near.shutdown('WR');
	await expect(timeline).toShowSegment(`> F. dropped by ${corrupt.id}`);
	await expect(timeline).toShowSegment('> F.');
	await corrupt.heal();
	expect(await server.counters()).toMatchObject({ TcpInCsumErrors: before + 1 });
});

scenario(
	'link.rate: the queue delays, and what does not fit is lost',
	{},
	async ({ client, server, link, timeline }) => {
		const { near, far } = await connected(client, server);
		const [kbit, queueBytes, bytes] = [8_000, 10_000, 100_000];
		const rate = await link.rate({ kbit, queueBytes, from: 'client' });
		await near.send(Buffer.alloc(bytes));
		await expect(far.recv(bytes, 'MSG_WAITALL')).toReturn(bytes);
		await rate.heal();
		await timeline.context.flush();
		const data = timeline.segments('client').filter(({ length }) => length > 0);
		// The initial window is 10 segments of 1448 bytes (RFC 6928), and the queue has room for 6.
		const lost = data.filter(({ fate }) => fate === 'dropped');
		expect(lost.length).toBeGreaterThan(0);
		expect(lost.filter(({ by, arrived }) => by !== rate.id || arrived !== undefined)).toEqual([]);
		expect(data.filter(({ fate }) => fate !== 'dropped' && fate !== 'delivered')).toEqual([]);
		const arrivals = data.flatMap(({ arrived }) => arrived ?? []).sort((one, other) => one - other);
		const seconds = (arrivals.at(-1) ?? 0) - (data[0]?.t ?? 0);
		// All of it at this rate, without headers.
		expect(seconds).toBeGreaterThan((bytes * 8) / kbit / 1_000);
		const healed = timeline.context.history.of('fault').find(({ phase }) => phase === 'healed');
		expect(healed?.proof).toMatch(/^packets that came to the queue: \d+ to the server$/);
	},
);

scenario('faults of the wire are combined: what is duplicated is held twice', {}, async (lab) => {
	const { client, server, link, timeline } = lab;
	const { near, far } = await connected(client, server);
	// The order in which they are injected does not matter.
	const hold = await link.hold({ from: 'client', tcpFlags: 'PSH PSH' });
	const duplicate = await link.duplicate({ from: 'client', tcpFlags: 'PSH PSH', nth: 1 });
	const loss = await link.cut({ name: 'cut', from: 'client' });
	await near.send('one');
	// What is lost comes to no other fault.
	await expect(timeline).toShowSegment('> P. 3 dropped by cut');
	await loss.heal();
	await hold.untilHeld(1);
	await near.send('two');
	await hold.untilHeld(2);
	await duplicate.heal();
	await hold.heal();
	await expect(far.recv(6, 'MSG_WAITALL')).toReturn(6);
	await timeline.context.flush();
	const copies = timeline
		.segments('client')
		.flatMap(({ changes = [] }) => changes.filter(({ what }) => what === 'duplicated'));
	expect(copies).toMatchObject([{ by: duplicate.id, arrived: expect.any(Number) }]);
});

scenario('options of faults that change segments', {}, async ({ link }) => {
	await expect(link.duplicate({ share: 0 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
	await expect(link.reorder({ by: 0 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
	await expect(link.corrupt({ sare: 0.5 } as object)).rejects.toMatchObject({ code: 'OPTION_UNKNOWN' });
	await expect(link.rate({ kbit: 0 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
	await expect(link.rate({ kbit: 1, queueBytes: 1_000 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});
