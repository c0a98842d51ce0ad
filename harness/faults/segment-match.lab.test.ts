/** One description, two firewalls: a host's and the wire's lose exactly the segments that match. */
import { expect, type Fault, type Host, type SegmentMatch, scenario, type Timeline } from '../index.ts';
import type { Lab } from '../lab/lab.ts';

/** Where segments to the server are lost. */
const places = [
	{ place: 'the server', lose: ({ server }: Pick<Lab, 'server' | 'link'>, match: Match) => server.drop(match) },
	{
		place: 'the wire',
		lose: ({ link }: Pick<Lab, 'server' | 'link'>, match: Match) => link.loss({ from: 'client', ...match }),
	},
] as const;

/** What both firewalls can match. */
type Match = Omit<SegmentMatch, 'payload' | 'probability'> & { readonly name?: string };

/** A connection between two controlled sockets. */
async function connected(client: Host, server: Host, port = 8080) {
	const listener = await (await server.socket()).listen(port);
	return connectedTo(client, server, listener, port);
}

type Listener = Awaited<ReturnType<Awaited<ReturnType<Host['socket']>>['listen']>>;

async function connectedTo(client: Host, server: Host, listener: Listener, port: number) {
	const near = await client.socket();
	await near.connect(server.port(port));
	return { near, far: await listener.accept() };
}

type Connection = Awaited<ReturnType<typeof connected>>;

/** Sends so many bytes, and waits until they have arrived, if need be by a retransmission. */
async function deliver({ near, far }: Connection, bytes: number): Promise<void> {
	await expect(near.send('x'.repeat(bytes))).toReturn(bytes);
	await expect(far.recv(bytes, 'MSG_WAITALL')).toReturn(bytes);
}

/** Heals a fault. Returns the segments that it has lost. */
async function lostBy(fault: Fault, timeline: Timeline) {
	await fault.heal();
	await timeline.context.flush();
	return timeline.segments().filter(({ by }) => by === fault.id);
}

scenario.each(places)('a length: one data segment is lost at $place', {}, async (lab, { lose }) => {
	const { client, server, timeline } = lab;
	const connection = await connected(client, server);
	const fault = await lose(lab, { name: 'twenty', length: 20, nth: 1 });
	for (const bytes of [19, 20, 21, 20]) await deliver(connection, bytes);
	const lost = await lostBy(fault, timeline);
	expect(lost.map(({ host, flags, length }) => `${host} ${flags} ${length}`)).toEqual(['client P. 20']);
	await expect(timeline).toShowSegment('> P. 20 dropped by twenty');
});

scenario.each(places)('bounds of a length: only what is between them is lost at $place', {}, async (lab, { lose }) => {
	const { client, server, timeline } = lab;
	const connection = await connected(client, server);
	// Retransmissions are as long as what was lost, so each is lost only once.
	const fault = await lose(lab, { length: { atLeast: 100, atMost: 1_000 }, every: 2 });
	for (const bytes of [99, 100, 1_001, 1_000]) await deliver(connection, bytes);
	const lost = await lostBy(fault, timeline);
	expect(lost.map(({ length }) => length)).toEqual([100, 1_000]);
});

scenario.each(places)('no data: handshakes fail at $place, and no data is lost', {}, async (lab, { lose }) => {
	const { client, server, timeline } = lab;
	const { near, far } = await connected(client, server);
	const fault = await lose(lab, { length: 0 });
	const other = await client.socket();
	const connecting = other.connect(server.port(8080));
	await expect(timeline).toShowSegment(`> S dropped by ${fault.id}`);
	await deliver({ near, far }, 1);
	const lost = await lostBy(fault, timeline);
	expect(new Set(lost.map(({ length }) => length))).toEqual(new Set([0]));
	await connecting;
});

scenario.each(places)('an option: SYNs with timestamps are lost at $place', {}, async (lab, { lose }) => {
	const { client, server, timeline } = lab;
	await (await server.socket()).listen(8080);
	const fault = await lose(lab, { tcpFlags: 'SYN,ACK SYN', option: 'TS' });
	const connecting = (await client.socket()).connect(server.port(8080));
	await expect(timeline).toShowSegment(`> S dropped by ${fault.id}`);
	// A retransmitted SYN gets its options anew (tcp_syn_options), so it arrives.
	await client.sysctl({ tcp_timestamps: 0 });
	await connecting;
	const lost = await lostBy(fault, timeline);
	const syns = timeline.segments('client').filter(({ flags }) => flags === 'S');
	expect(syns.map(({ by, options }) => [by, options?.timestamp !== undefined])).toEqual([
		...lost.map(() => [fault.id, true]),
		[undefined, false],
	]);
});

scenario.each(places)('an option by its kind: no segment has one that is unknown, at $place', {}, async (lab, row) => {
	const { client, server } = lab;
	const fault = await row.lose(lab, { option: 253 });
	await deliver(await connected(client, server), 1);
	await expect(fault.heal()).rejects.toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });
});

scenario.each(places)(
	'nth of a connection: of two connections at once, each loses its third data segment at $place',
	{},
	async (lab, { lose }) => {
		const { client, server, timeline } = lab;
		const listener = await (await server.socket()).listen(8080);
		const one = await connectedTo(client, server, listener, 8080);
		const other = await connectedTo(client, server, listener, 8080);
		const fault = await lose(lab, { length: { atLeast: 1 }, nth: 3 });
		// The bytes tell which segment it is: tens for the second connection.
		for (const bytes of [1, 2, 3, 4, 5]) {
			await deliver(one, bytes);
			if (bytes < 5) await deliver(other, 10 * bytes);
		}
		const lost = await lostBy(fault, timeline);
		expect(lost.map(({ length }) => length)).toEqual([3, 30]);
		expect(new Set(lost.map(({ from }) => from.port)).size).toBe(2);
	},
);

scenario('nth on the wire, in both directions: each is counted alone', {}, async (lab) => {
	const { client, server, link, timeline } = lab;
	const { near, far } = await connected(client, server);
	const fault = await link.loss({ length: { atLeast: 1 }, nth: 1 });
	await deliver({ near, far }, 1);
	await deliver({ near: far, far: near }, 2);
	const lost = await lostBy(fault, timeline);
	expect(lost.map(({ host, length }) => `${host} ${length}`)).toEqual(['client 1', 'server 2']);
	const { proof } = timeline.context.history.of('fault').find(({ phase }) => phase === 'healed') ?? {};
	expect(proof).toBe('packets lost: 1 to the client, 1 to the server');
});

scenario('a router matches the same: length, option and nth', { between: 'router' }, async (lab) => {
	const { client, server, link, timeline } = lab;
	const connection = await connected(client, server);
	const fault = await link.loss({ from: 'client', length: { atLeast: 2, atMost: 4 }, option: 'TS', nth: 2 });
	for (const bytes of [1, 2, 3, 4]) await deliver(connection, bytes);
	const lost = await lostBy(fault, timeline);
	expect(lost.map(({ host, length }) => `${host} ${length}`)).toEqual(['client 3']);
});

scenario('a payload: the segment that contains “quit” is lost, whatever comes before it', {}, async (lab) => {
	const { client, server, timeline } = lab;
	const { near, far } = await connected(client, server);
	const fault = await server.drop({ name: 'no-quit', payload: 'quit', every: 2 });
	// Longer than what captures and the firewall's log keep of a packet.
	const texts = ['quiet', 'quit', 'QUIT', `${'.'.repeat(1_300)}quit`];
	for (const text of texts) {
		await expect(near.send(text)).toReturn(text.length);
		await expect(far.recv(text.length, 'MSG_WAITALL')).toReturn(text.length);
	}
	const lost = await lostBy(fault, timeline);
	expect(lost.map(({ length }) => length)).toEqual([4, 1_304]);
});

scenario('a payload: headers are not searched', {}, async ({ client, server }) => {
	const connection = await connected(client, server, 8080);
	const inHeaders = [
		// The port is in each TCP header.
		await server.drop({ payload: new Uint8Array([8080 >> 8, 8080 & 0xff]) }),
		// Two NOPs, and the kind and length of the timestamp option, which is the last one (tcp_options_write).
		await server.drop({ payload: new Uint8Array([1, 1, 8, 10]) }),
	];
	await deliver(connection, 100);
	for (const fault of inHeaders) await expect(fault.heal()).rejects.toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });
	// The same bytes as data.
	const fault = await server.drop({ payload: new Uint8Array([1, 1, 8, 10]), nth: 1 });
	await connection.near.send('\u0001\u0001\u0008\n');
	await expect(connection.far.recv()).toReturn(4);
	expect(await fault.count()).toBe(1);
	await fault.heal();
});

scenario('link.cut with a match: other packets pass, and healing asks for an effect', {}, async (lab) => {
	const { client, server, link, timeline } = lab;
	const one = await connected(client, server, 8080);
	const other = await connected(client, server, 8081);
	const unused = await link.cut({ destinationPort: 7 });
	const cut = await link.cut({ from: 'client', destinationPort: 8081, destinationAddress: server.address });
	await deliver(one, 3);
	await expect(other.near.send('four')).toReturn(4);
	await expect(timeline).toShowSegment(`> P. 4 dropped by ${cut.id}`);
	const lost = await lostBy(cut, timeline);
	expect(new Set(lost.map(({ to }) => to.port))).toEqual(new Set([8081]));
	await expect(other.far.recv()).toReturn(4);
	await expect(unused.heal()).rejects.toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });
});

scenario('what cannot be matched is refused, and nothing is left', {}, async ({ client, server, link, timeline }) => {
	await expect(link.loss({})).rejects.toMatchObject({ code: 'OPTION_MISSING' });
	await expect(link.loss({ name: 'twice', nth: 1, share: 0.5 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
	for (const fault of [link.cut, link.loss]) {
		const options = { name: 'quit', payload: 'quit' } as object;
		await expect(fault.call(link, options)).rejects.toMatchObject({
			code: 'OPTION_INVALID',
			problem: 'The wire cannot match by payload.',
		});
	}
	await expect(server.drop({ nth: 1, every: 2 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
	expect(timeline.context.history.of('fault')).toEqual([]);
	// The highest number that counts on both.
	const last = { length: 1, nth: 100 };
	const faults = [await server.drop({ name: 'quit', ...last }), await link.loss({ name: 'twice', ...last })];
	await deliver(await connected(client, server), 1);
	for (const fault of faults) await expect(fault.heal()).rejects.toMatchObject({ code: 'FAULT_WITHOUT_EFFECT' });
});
