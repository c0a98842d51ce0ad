/** When programs are frozen or killed, their kernel runs on and is still observed. */
import { expect, scenario } from '../index.ts';

scenario('pause: the kernel acknowledges for programs that are frozen', {}, async ({ client, server, timeline }) => {
	const reader = await server.nc({ listen: 8080 });
	const writer = await client.dnc({ connect: server.port(8080) });
	const pause = await server.pause();
	await writer.type('hello, are you there?\n');
	// The stack acknowledges (RFC 9293, 3.8.6.3). The data waits in the receive queue, where ss shows it.
	await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 22', '< .');
	await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 22 });
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0, timer: 'none' });
	expect(reader.output).toBe('');
	await expect(server.nc({ listen: 8081 })).rejects.toMatchObject({ code: 'HOST_PAUSED' });
	await expect(server.shutdown()).rejects.toMatchObject({ code: 'HOST_PAUSED' });

	await pause.heal();
	await expect(reader).toPrint('hello, are you there?\n');
	await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 0 });
	await server.nc({ listen: 8081 });
});

scenario(
	'kill: the kernel sends a FIN, or a RST if there is unread data',
	{},
	async ({ client, server, timeline, step }) => {
		const serverPeer = await server.nc({ listen: 8080 });
		const clientPeer = await client.dnc({ connect: server.port(8080) });
		const kill = await server.kill();
		await expect(serverPeer).toHaveEnded({ lost: true });
		// exit closes every descriptor (do_exit, exit_files), and an orderly close sends a FIN (RFC 9293, 3.6).
		await expect(clientPeer).toHaveReturned('read', 0);
		await expect(timeline).toShowSegment('< F.');
		await expect(server).toHaveSocket({ state: 'FIN-WAIT-2' });
		await expect(server.nc({ listen: 8080 })).rejects.toMatchObject({ code: 'HOST_PAUSED' });
		await kill.heal();

		step('again, with unread data');
		const stopped = await server.nc({ listen: 8081 });
		const writer = await client.dnc({ connect: server.port(8081) });
		await stopped.signal('SIGSTOP');
		await writer.type('unread\n');
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 7 });
		const unread = await server.kill();
		// RFC 2525, 2.17; tcp_close.
		await expect(writer).toFail('read', 'ECONNRESET');
		await expect(timeline).toShowSegment('< R.');
		await expect(server).toHaveNoSocket({ localPort: 8081 });
		await unread.heal();

		step('again, while frozen');
		const frozen = await server.nc({ listen: 8082 });
		const reader = await client.dnc({ connect: server.port(8082) });
		const pause = await server.pause();
		await server.kill();
		await expect(frozen).toHaveEnded({ lost: true });
		await expect(reader).toHaveReturned('read', 0);
		await pause.heal();
		expect(timeline.context.history.of('fault').at(-1)?.proof).toBe('killed while they were frozen');
	},
);
