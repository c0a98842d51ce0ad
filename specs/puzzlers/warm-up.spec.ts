/** What does each side see when one of two connected programs is ended with Ctrl-C? The warm-up of all that follows. */
import { expect, scenario, timeWait } from '../../harness/index.ts';

scenario(
	'warm-up: Ctrl-C at the server',
	{
		question:
			'Two programs are connected and wait. One is ended with Ctrl-C. What happens on either side, and what is ' +
			'left?',
		claims: ['PZ0', 'PZ1', 'PZ2', 'PZ3'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const kodos = await server.nc({ listen: 8080 });
		// This one closes at the end of the stream, as the article's does; OpenBSD's goes on as long as its own input is
		// open.
		const kang = await client.ncTraditional({ connect: server.port(8080) });
		await expect(kodos).toBlockIn('poll');
		await expect(kang).toBlockIn('poll');
		await expect(server).toHaveSocket({ state: 'ESTAB' });
		await expect(client).toHaveSocket({ state: 'ESTAB' });
		claim(
			'PZ0',
			kodos.blocksIn('poll') && kang.blocksIn('poll') && kodos.returned('accept', 4) && kang.returned('connect', 0),
			{
				holds: 'accept and connect have returned, ss shows both sides ESTAB, and both programs are inside poll.',
				differs: 'The programs wait in another call than poll, or accept and connect had not returned.',
			},
		);

		step('Ctrl-C at kodos');
		await kodos.interrupt();
		await expect(kang).toHaveReturned('read', 0);
		await expect(kang).toHaveEnded({ status: 0 });
		await expect(server).toHavePassedThrough('ESTAB', 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT');
		await expect(client).toHavePassedThrough('ESTAB', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED');
		await expect(client).toHaveNoSocket();
		await expect(server).toHaveSocket({ state: 'TIME-WAIT', timer: 'timewait' });
		// The kernel closes a dead process's descriptors, so it sends the first FIN; kang's ACK of it may travel with
		// kang's own FIN.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '< F.', '0..1x > .', '> F.', '< .');
		claim('PZ1', timeline.states('server').includes('FIN-WAIT-2') && timeline.states('client').includes('CLOSE-WAIT'), {
			holds:
				'The kernel closes the descriptors of the dead process, which sends the FIN (tcp_close); its ACK moves the ' +
				'server on to FIN-WAIT-2.',
			differs: 'The server did not pass through FIN-WAIT-2, or the client not through CLOSE-WAIT.',
		});
		claim(
			'PZ2',
			kang.returned('read', 0) &&
				timeline.states('client').includes('LAST-ACK') &&
				timeline.states('server').includes('TIME-WAIT'),
			{
				holds:
					'End of stream is a read of 0; the client closed second, so it went through LAST-ACK to nothing, and the ' +
					'server keeps TIME-WAIT.',
				differs: 'The client did not close after end of stream as the second side does.',
			},
		);

		step('TIME-WAIT');
		// It began with the ACK of kang's FIN, the last that was on the wire.
		const began = timeline.segments('server').at(-1)?.t ?? Number.NaN;
		await expect(server).toHaveNoSocket({ state: 'TIME-WAIT' }, { after: timeWait(), since: began });
		const seconds = timeline.timeIn('server', 'TIME-WAIT') ?? Number.NaN;
		claim('PZ3', seconds >= 110 && seconds <= 130, {
			holds: 'TIME-WAIT lasted about two minutes.',
			differs:
				`TIME-WAIT lasted ${seconds.toFixed(0)} s: on Linux it is a constant, TCP_TIMEWAIT_LEN = 60 s ` +
				'(include/net/tcp.h); illumos has a tunable of its own.',
		});
		return (
			`kang’s read gave ${kang.results('read')}, and it closed in turn: ${timeline.states('client').join(', ')}. ` +
			`kodos’ side: ${timeline.states('server').join(', ')}; TIME-WAIT lasted ${seconds.toFixed(0)} s.`
		);
	},
);
