/** How does a program that does not block in connect learn what became of it? */
import { errnoName, expect, scenario, shortened, spanOf, synSchedule } from '../../harness/index.ts';

/** The default is 6. */
const retries = shortened({ default: 6, to: 2 });

scenario(
	'non-blocking: connected, refused, lost',
	{
		question: 'connect returns before it knows. What does it say, and how does the program learn the rest?',
		claims: ['QI18'],
		sysctls: { tcp_syn_retries: retries },
	},
	async ({ client, server, timeline, claim }) => {
		const { retransmissionsMs, giveUpMs } = synSchedule({
			retries,
			linear: timeline.sysctl('tcp_syn_linear_timeouts'),
		});
		await (await server.socket()).listen(8080);
		await server.drop({ name: 'syn', destinationPort: 8082, tcpFlags: 'SYN,ACK SYN' });

		const outcomes: string[][] = [];
		for (const [port, after] of [[8080], [8081], [8082, spanOf(giveUpMs)]] as const) {
			const socket = await client.socket();
			await socket.setNonBlocking();
			const connect = socket.connect(server.port(port));
			await expect(connect).toFailWith('EINPROGRESS');
			const poll = socket.poll(['POLLOUT']);
			// Counted from the SYN: connect did not wait for anything.
			await expect(poll).toReturn(1, { ...(after && { after }), since: connect.event.t });
			const { revents } = await poll;
			const told = await socket.option('SO_ERROR');
			// Asking takes the error away.
			expect(await socket.option('SO_ERROR')).toBe(0);
			outcomes.push([connect.event.errno ?? 'nothing', revents.join('|'), told === 0 ? '0' : errnoName(told)]);
		}
		await expect(timeline).toRetransmit('> S dropped by syn', retransmissionsMs);
		const results = outcomes.map(([, , told]) => told).join();
		claim('QI18', outcomes.every(([connect]) => connect === 'EINPROGRESS') && results === '0,ECONNREFUSED,ETIMEDOUT', {
			holds:
				'connect(2): EINPROGRESS. The kernel makes the socket writable, with POLLERR and POLLHUP if it failed ' +
				'(tcp_poll), and keeps the errno in sk_err for SO_ERROR to read and clear (sock_error).',
			differs: 'connect returned something else than EINPROGRESS, or poll and SO_ERROR did not tell the outcome.',
		});
		expect(outcomes).toEqual([
			['EINPROGRESS', 'POLLOUT', '0'],
			['EINPROGRESS', 'POLLOUT|POLLERR|POLLHUP', 'ECONNREFUSED'],
			['EINPROGRESS', 'POLLOUT|POLLERR|POLLHUP', 'ETIMEDOUT'],
		]);
		return (
			'It says EINPROGRESS; then poll and SO_ERROR say: ' +
			`${outcomes.map(([, polled, told]) => `${polled} and ${told}`).join('; ')}.`
		);
	},
);

scenario(
	'non-blocking: who takes the error',
	{
		question: 'A blocking and a non-blocking connect fail alike. What does SO_ERROR tell afterwards?',
		claims: ['KH-syn3'],
		sysctls: { tcp_syn_retries: retries },
	},
	async ({ client, server, timeline, claim }) => {
		const { retransmissionsMs, giveUpMs } = synSchedule({
			retries,
			linear: timeline.sysctl('tcp_syn_linear_timeouts'),
		});
		await server.drop({ name: 'syn', tcpFlags: 'SYN,ACK SYN' });
		const blocking = await client.socket();
		const nonBlocking = await client.socket();
		await nonBlocking.setNonBlocking();

		const connect = blocking.connect(server.port(8080));
		const begun = nonBlocking.connect(server.port(8080));
		await expect(begun).toFailWith('EINPROGRESS');
		// Asked again while it is under way.
		await expect(nonBlocking.connect(server.port(8080))).toFailWith('EALREADY');
		await expect(connect).toFailWith('ETIMEDOUT', { after: spanOf(giveUpMs) });
		await expect(nonBlocking.poll(['POLLOUT'])).toReturn(1);
		// Both alike.
		await expect(timeline).toShowSegments(`${2 * (1 + retransmissionsMs.length)}x > S dropped by syn`);

		const [returned, kept] = [await blocking.option('SO_ERROR'), await nonBlocking.option('SO_ERROR')];
		claim('KH-syn3', returned === 0 && kept === 110, {
			holds:
				'The error is told once (sock_error clears sk_err): the blocking connect returned it ' +
				'(inet_stream_connect), the non-blocking one left it to SO_ERROR.',
			differs: 'SO_ERROR told an error twice, or not at all.',
		});
		expect([returned, kept]).toEqual([0, 110]);
		return (
			`${returned} where the blocking connect had returned ${connect.event.errno}; ${kept}, ${errnoName(kept)}, ` +
			'where nobody had been told.'
		);
	},
);
