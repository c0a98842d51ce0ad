/** What cannot come true any more fails at once, and says what happened instead; what may still come is waited for. */
import { expect, HalfopenError, scenario } from '../index.ts';

/** The error of an expectation, which must not wait until a limit passes: its code and its problem. */
async function failureOf(expectation: () => Promise<unknown>): Promise<HalfopenError> {
	try {
		await expectation();
	} catch (error) {
		if (error instanceof HalfopenError) return error;
		throw error;
	}
	throw new Error('It did not fail.');
}

const cannot = (problem: string) => ({ code: 'CANNOT_HAPPEN', problem: expect.stringContaining(problem) });

scenario('a program that has ended', {}, async ({ client }) => {
	const ended = await client.run(['sh', '-c', 'echo out; echo err >&2; exit 3']);
	expect(await expect(ended).toHaveEnded()).toEqual({ status: 3 });
	expect(await failureOf(() => expect(ended).toHaveEnded({ status: 0 }))).toMatchObject(
		cannot('it has ended in another way (status 3)'),
	);
	expect(await failureOf(() => expect(ended).toPrint('never'))).toMatchObject(cannot('it has ended (status 3)'));
	expect(await failureOf(() => expect(ended).toFail('connect', 'ECONNREFUSED'))).toMatchObject(
		cannot('it has ended (status 3)'),
	);
	expect(await failureOf(() => expect(ended).toBlockIn('read'))).toMatchObject(cannot('it has ended (status 3)'));
	expect(await failureOf(() => expect(ended).toStaySilent({ forMs: 10 }))).toMatchObject({
		code: 'EXPECTATION_FAILED',
	});
	// Both streams, as they came; each of them in full.
	await expect(ended).toPrint('err\n');
	expect([...ended.output.split('\n')].sort()).toEqual(['', 'err', 'out']);
});

scenario('a silence counts from the moment it is asked for', {}, async ({ client, server, timeline }) => {
	const receiver = await server.nc({ listen: 8080 });
	const sender = await client.nc({ connect: server.port(8080) });
	// What is typed while the observers are still being asked is no silence either.
	const onWire = failureOf(() => expect(timeline).toStaySilent({ forMs: 500 }, '> P. 3'));
	const atReceiver = failureOf(() => expect(receiver).toStaySilent({ forMs: 500 }));
	await sender.type('hi\n');
	expect(await onWire).toMatchObject({ code: 'EXPECTATION_FAILED', seen: expect.stringContaining('P. seq 1') });
	expect(await atReceiver).toMatchObject({ code: 'EXPECTATION_FAILED', seen: expect.stringContaining('"hi') });
});

scenario('a program whose children live on may still print', {}, async ({ client }) => {
	const parent = await client.run(['sh', '-c', '(sleep 1; echo late) & exit 0']);
	await expect(parent).toHaveEnded({ status: 0 });
	await expect(parent).toPrint('late');
});

scenario('a call that has returned otherwise, and one whose process has ended', {}, async ({ client, server }) => {
	const listener = await (await server.socket()).listen(8080);
	const second = await server.socket();
	expect(await failureOf(() => expect(second.bind(8080)).toReturn(0))).toMatchObject(
		cannot('it has failed with EADDRINUSE'),
	);
	expect(await failureOf(async () => second.bind(8080))).toMatchObject({
		code: 'CALL_FAILED',
		problem: expect.stringContaining('failed with EADDRINUSE'),
	});
	const kang = await client.socket();
	await kang.connect(server.port(8080));
	await listener.accept();
	const reading = kang.recv();
	await expect(reading).toBlock({ forMs: 200 });
	await kang.process.signal('SIGKILL');
	await expect(kang.process).toHaveEnded({ signal: 'SIGKILL' });
	expect(await failureOf(() => expect(reading).toReturn(0))).toMatchObject(
		cannot('its process has ended (SIGKILL) before the call returned'),
	);
});

scenario('programs that are frozen, and a host without power', {}, async ({ client, server, timeline }) => {
	const kodos = await server.nc({ listen: 8080 });
	const kang = await client.nc({ connect: server.port(8080) });
	const pause = await server.pause();
	await kang.type('hello\n');
	expect(await failureOf(() => expect(kodos).toPrint('hello'))).toMatchObject(
		cannot('the server’s programs do nothing'),
	);
	const printing = expect(kodos).toPrint('hello');
	await pause.heal();
	await printing;
	await server.powerOff();
	expect(await failureOf(() => expect(server).toHaveSocket({ state: 'ESTAB' }))).toMatchObject({ code: 'HOST_OFF' });
	expect(await failureOf(() => expect(timeline).toShowSegment('< R'))).toMatchObject(
		cannot('the server’s power is off'),
	);
	expect(await failureOf(() => expect(kodos).toPrint('more'))).toMatchObject(cannot('lost with its host'));
});

scenario('a connection that is gone, and a state that it has passed', {}, async ({ client, server }) => {
	const listener = await (await server.socket()).listen(8080);
	const kang = await client.socket();
	await kang.connect(server.port(8080));
	const kodos = await listener.accept();
	await kang.close();
	await expect(client).toHaveSocket({ state: 'FIN-WAIT-2' });
	expect(await failureOf(() => expect(client).toHaveSocket({ state: 'ESTAB' }))).toMatchObject(
		cannot('can reach that state'),
	);
	// Begun before the act, it waits for it.
	const again = expect(client).toHaveSocket({ state: 'ESTAB' });
	const other = await client.socket();
	await other.connect(server.port(8080));
	await again;
	await other.setOption('SO_LINGER', 1, 0);
	await other.close();
	await kodos.setOption('SO_LINGER', 1, 0);
	await kodos.close();
	await expect(client).toHaveNoSocket();
	expect(await failureOf(() => expect(client).toHaveSocket({ state: 'ESTAB' }))).toMatchObject(
		cannot('no such connection any more'),
	);
});

scenario('what is not offered, and options that there are not', {}, async ({ client, server, timeline }) => {
	const socket = await server.socket();
	type Loose = (...given: readonly unknown[]) => unknown;
	const refused: [string, string, () => unknown][] = [
		['MATCHER_UNKNOWN', 'toHaveNoSocket', () => (expect(client) as unknown as { not: unknown }).not],
		['MATCHER_UNKNOWN', 'toHaveSocket', () => (expect(client) as unknown as { toHaveSoket: Loose }).toHaveSoket({})],
		['OPTION_UNKNOWN', 'listen', () => (server.nc as Loose).call(server, { lisen: 8080 })],
		['OPTION_UNKNOWN', 'destinationPort', () => (server.drop as Loose).call(server, { destinationPrt: 8080 })],
		['OPTION_UNKNOWN', 'backlog', () => (socket.listen as Loose).call(socket, 8080, { backlg: 1 })],
		['OPTION_INVALID', 'events', () => (socket.poll as Loose).call(socket)],
		['OPTION_INVALID', 'POLLIN', () => (socket.poll as Loose).call(socket, ['POLIN'])],
		['OPTION_INVALID', 'MSG_NOSIGNAL', () => (socket.send as Loose).call(socket, 'x', 'MSG_NOSIG')],
		['OPTION_INVALID', 'TCP_KEEPIDLE', () => (socket.setOption as Loose).call(socket, 'TCP_KEEPIDL', 1)],
		['OPTION_INVALID', 'SIGTERM', () => (socket.process.signal as Loose).call(socket.process, 'SIGTREM')],
		['OPTION_UNKNOWN', 'state', () => expect(client).toHaveSocket({ stat: 'ESTAB' } as object)],
		['OPTION_INVALID', 'ESTAB', () => expect(client).toHaveSocket({ state: 'ESTABLISHED' as 'ESTAB' })],
		['OPTION_INVALID', 'ECONNRESET', () => expect(client).toReport('ECONRESET' as 'ECONNRESET')],
		['OPTION_INVALID', 'client', () => timeline.states('cleint' as 'client')],
	];
	for (const [code, words, work] of refused) {
		const failure = await failureOf(async () => work());
		expect(failure).toMatchObject({ code, message: expect.stringContaining(words) });
	}
});
