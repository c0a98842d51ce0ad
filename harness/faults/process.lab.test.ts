/** Programs frozen and killed: the kernel below them lives on, and says so. */
import { expect, scenario } from '../index.ts';

scenario('pause: the kernel acknowledges for programs that are frozen', {}, async ({ client, server, timeline }) => {
	const kodos = await server.nc({ listen: 8080 });
	const kang = await client.dnc({ connect: server.port(8080) });
	const pause = await server.pause();
	await kang.type('kodos, are you there?\n');
	// Acknowledging is the stack's work (RFC 9293, 3.8.6.3); the data waits in the receive queue, and ss still sees it.
	await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 22', '< .');
	await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 22 });
	await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0, timer: 'none' });
	expect(kodos.output).toBe('');
	await expect(server.nc({ listen: 8081 })).rejects.toMatchObject({ code: 'HOST_PAUSED' });
	await expect(server.shutdown()).rejects.toMatchObject({ code: 'HOST_PAUSED' });

	await pause.heal();
	await expect(kodos).toPrint('kodos, are you there?\n');
	await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 0 });
	await server.nc({ listen: 8081 });
});

scenario(
	'kill: no power off, a FIN leaves, or a RST where data was not read',
	{},
	async ({ client, server, timeline, step }) => {
		const kodos = await server.nc({ listen: 8080 });
		const kang = await client.dnc({ connect: server.port(8080) });
		const kill = await server.kill();
		await expect(kodos).toHaveEnded({ lost: true });
		// exit closes every descriptor (do_exit, exit_files), and an orderly close sends a FIN (RFC 9293, 3.6).
		await expect(kang).toHaveReturned('read', 0);
		await expect(timeline).toShowSegment('< F.');
		await expect(server).toHaveSocket({ state: 'FIN-WAIT-2' });
		await expect(server.nc({ listen: 8080 })).rejects.toMatchObject({ code: 'HOST_PAUSED' });
		await kill.heal();

		step('again, with unread data');
		const deaf = await server.nc({ listen: 8081 });
		const zap = await client.dnc({ connect: server.port(8081) });
		await deaf.signal('SIGSTOP');
		await zap.type('unread\n');
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 7 });
		const unread = await server.kill();
		// RFC 2525, 2.17; tcp_close.
		await expect(zap).toFail('read', 'ECONNRESET');
		await expect(timeline).toShowSegment('< R.');
		await expect(server).toHaveNoSocket({ localPort: 8081 });
		await unread.heal();

		step('again, while frozen');
		const frozen = await server.nc({ listen: 8082 });
		const zog = await client.dnc({ connect: server.port(8082) });
		const pause = await server.pause();
		await server.kill();
		await expect(frozen).toHaveEnded({ lost: true });
		await expect(zog).toHaveReturned('read', 0);
		await pause.heal();
		expect(timeline.context.history.of('fault').at(-1)?.proof).toBe('killed while they were frozen');
	},
);
