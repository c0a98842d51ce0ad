/** An expectation that cannot be met any more fails at once and says why. One that can still be met waits. */
import { expect, HalfopenError, scenario } from '../index.ts';

/** Returns the HalfopenError of an expectation. */
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
	// `output` has both streams in order of arrival, each of them completely.
	await expect(ended).toPrint('err\n');
	expect([...ended.output.split('\n')].sort()).toEqual(['', 'err', 'out']);
});

scenario('a silence counts from the time of the expectation', {}, async ({ client, server, timeline }) => {
	const receiver = await server.nc({ listen: 8080 });
	const sender = await client.nc({ connect: server.port(8080) });
	// Text that is typed during the first flush breaks the silence, too.
	const onWire = failureOf(() => expect(timeline).toStaySilent({ forMs: 500 }, '> P. 3'));
	const atReceiver = failureOf(() => expect(receiver).toStaySilent({ forMs: 500 }));
	await sender.type('hi\n');
	expect(await onWire).toMatchObject({ code: 'EXPECTATION_FAILED', seen: expect.stringContaining('P. seq 1') });
	expect(await atReceiver).toMatchObject({ code: 'EXPECTATION_FAILED', seen: expect.stringContaining('"hi') });
});

scenario('a program that has ended can still print while its children run', {}, async ({ client }) => {
	const parent = await client.run(['sh', '-c', '(sleep 1; echo late) & exit 0']);
	await expect(parent).toHaveEnded({ status: 0 });
	await expect(parent).toPrint('late');
});

scenario('a call with another result, and a call whose process has ended', {}, async ({ client, server }) => {
	const listener = await (await server.socket()).listen(8080);
	const second = await server.socket();
	expect(await failureOf(() => expect(second.bind(8080)).toReturn(0))).toMatchObject(
		cannot('it has failed with EADDRINUSE'),
	);
	expect(await failureOf(async () => second.bind(8080))).toMatchObject({
		code: 'CALL_FAILED',
		problem: expect.stringContaining('failed with EADDRINUSE'),
	});
	const reader = await client.socket();
	await reader.connect(server.port(8080));
	await listener.accept();
	const reading = reader.recv();
	await expect(reading).toBlock({ forMs: 200 });
	await reader.process.signal('SIGKILL');
	await expect(reader.process).toHaveEnded({ signal: 'SIGKILL' });
	expect(await failureOf(() => expect(reading).toReturn(0))).toMatchObject(
		cannot('its process has ended (SIGKILL) before the call returned'),
	);
});

scenario('programs that are frozen, and a host without power', {}, async ({ client, server, timeline }) => {
	const reader = await server.nc({ listen: 8080 });
	const writer = await client.nc({ connect: server.port(8080) });
	const pause = await server.pause();
	await writer.type('hello\n');
	expect(await failureOf(() => expect(reader).toPrint('hello'))).toMatchObject(
		cannot('the server’s programs do nothing'),
	);
	const printing = expect(reader).toPrint('hello');
	await pause.heal();
	await printing;
	await server.powerOff();
	expect(await failureOf(() => expect(server).toHaveSocket({ state: 'ESTAB' }))).toMatchObject({ code: 'HOST_OFF' });
	expect(await failureOf(() => expect(timeline).toShowSegment('< R'))).toMatchObject(
		cannot('the server’s power is off'),
	);
	expect(await failureOf(() => expect(reader).toPrint('more'))).toMatchObject(cannot('lost with its host'));
});

scenario('a connection that has ended, and a state that it has left', {}, async ({ client, server }) => {
	const listener = await (await server.socket()).listen(8080);
	const first = await client.socket();
	await first.connect(server.port(8080));
	const accepted = await listener.accept();
	await first.close();
	await expect(client).toHaveSocket({ state: 'FIN-WAIT-2' });
	expect(await failureOf(() => expect(client).toHaveSocket({ state: 'ESTAB' }))).toMatchObject(
		cannot('can reach that state'),
	);
	// An expectation that begins before the action waits for it.
	const again = expect(client).toHaveSocket({ state: 'ESTAB' });
	const other = await client.socket();
	await other.connect(server.port(8080));
	await again;
	await other.setOption('SO_LINGER', 1, 0);
	await other.close();
	await accepted.setOption('SO_LINGER', 1, 0);
	await accepted.close();
	await expect(client).toHaveNoSocket();
	expect(await failureOf(() => expect(client).toHaveSocket({ state: 'ESTAB' }))).toMatchObject(
		cannot('no such connection any more'),
	);
});

scenario('matchers and options that do not exist', {}, async ({ client, server, timeline }) => {
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
