/**
 * What does each side see when one of two connected programs is ended with Ctrl-C? Nothing is broken: this is the
 * orderly close, with which the other puzzles are compared. kang is the client's program, kodos the server's.
 */
import { expect, scenario, timeWait } from '../../harness/index.ts';

scenario(
	'warm-up: Ctrl-C at the server',
	{
		question:
			'Two programs are connected and wait. One is ended with Ctrl-C. What happens on each side, ' +
			'and what is left?',
		claims: ['PZ0', 'PZ1', 'PZ2', 'PZ3'],
		needsIpv4: 'netcat-traditional has no IPv6',
	},
	async ({ client, server, timeline, step, claim }) => {
		const kodos = await server.nc({ listen: 8080 });
		// This netcat closes at the end of the stream, like the article's. OpenBSD's continues while its own input is open.
		const kang = await client.ncTraditional({ connect: server.port(8080) });
		await expect(kodos).toBlockIn('poll');
		await expect(kang).toBlockIn('poll');
		await expect(server).toHaveSocket({ state: 'ESTAB' });
		await expect(client).toHaveSocket({ state: 'ESTAB' });
		// accept returns the lowest free descriptor: 0 to 2 are the standard streams, 3 is the listener.
		claim(
			'PZ0',
			kodos.blocksIn('poll') && kang.blocksIn('poll') && kodos.returned('accept', 4) && kang.returned('connect', 0),
			{
				holds: 'accept and connect have returned, ss shows both sides in ESTAB, and both programs are in poll.',
				differs: 'The programs wait in a call other than poll, or accept and connect had not returned.',
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
		// The kernel closes the descriptors of the ended process, which sends the first FIN. kang's ACK of it may be sent
		// alone, or with kang's own FIN.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '< F.', '0..1x > .', '> F.', '< .');
		claim('PZ1', timeline.states('server').includes('FIN-WAIT-2') && timeline.states('client').includes('CLOSE-WAIT'), {
			holds:
				'The kernel closes the descriptors of the ended process, which sends the FIN (tcp_close). The ACK of the FIN ' +
				'moves the server to FIN-WAIT-2.',
			differs: 'The server did not pass through FIN-WAIT-2, or the client not through CLOSE-WAIT.',
		});
		claim(
			'PZ2',
			kang.returned('read', 0) &&
				timeline.states('client').includes('LAST-ACK') &&
				timeline.states('server').includes('TIME-WAIT'),
			{
				holds:
					'A read of 0 is the end of the stream. The client closed second, so it went from LAST-ACK to no socket, ' +
					'and the server stays in TIME-WAIT.',
				differs: 'After the end of the stream, the client did not close as the second side does.',
			},
		);

		step('TIME-WAIT');
		// TIME-WAIT began with the ACK of kang's FIN, the last segment on the wire.
		const began = timeline.segments('server').at(-1)?.t ?? Number.NaN;
		await expect(server).toHaveNoSocket({ state: 'TIME-WAIT' }, { after: timeWait(), since: began });
		const seconds = timeline.timeIn('server', 'TIME-WAIT') ?? Number.NaN;
		// The claim says 2 minutes; 10 s more or less are allowed.
		claim('PZ3', seconds >= 110 && seconds <= 130, {
			holds: 'TIME-WAIT lasted about two minutes.',
			differs:
				`TIME-WAIT lasted ${seconds.toFixed(0)} s: on Linux it is a constant, TCP_TIMEWAIT_LEN = 60 s ` +
				'(include/net/tcp.h). On illumos it can be set.',
		});
		return (
			`kang’s read gave ${kang.results('read')}, and kang closed in turn: ${timeline.states('client').join(', ')}. ` +
			`kodos’ side: ${timeline.states('server').join(', ')}; TIME-WAIT lasted ${seconds.toFixed(0)} s.`
		);
	},
);
