/**
 * How does a program with a non-blocking socket learn the result of connect? connect returns EINPROGRESS at once.
 * Later, poll reports the socket as writable, and SO_ERROR has the result (connect(2)). Three connects are tried: to a
 * port with a listener, to a port without one, and to a port whose SYNs are dropped.
 */
import { errnoName, expect, scenario, shortened, spanOf, synSchedule } from '../../harness/index.ts';

/** The default is 6 and takes more than two minutes. */
const retries = shortened({ default: 6, to: 2 });

scenario(
	'non-blocking: connected, refused, lost',
	{
		question:
			'A non-blocking connect returns before the handshake. What does it return, and how does the program learn the ' +
			'result?',
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
			// Counted from the SYN, because connect did not wait for anything.
			await expect(poll).toReturn(1, { ...(after && { after }), since: connect.event.t });
			const { revents } = await poll;
			const soError = await socket.option('SO_ERROR');
			// Reading SO_ERROR clears the error (sock_error).
			expect(await socket.option('SO_ERROR')).toBe(0);
			outcomes.push([connect.event.errno ?? 'nothing', revents.join('|'), soError === 0 ? '0' : errnoName(soError)]);
		}
		await expect(timeline).toRetransmit('> S dropped by syn', retransmissionsMs);
		const results = outcomes.map(([, , soError]) => soError).join();
		claim('QI18', outcomes.every(([connect]) => connect === 'EINPROGRESS') && results === '0,ECONNREFUSED,ETIMEDOUT', {
			holds:
				'connect(2): EINPROGRESS. The kernel makes the socket writable, with POLLERR and POLLHUP if the connect ' +
				'failed (tcp_poll), and keeps the errno in sk_err until SO_ERROR reads and clears it (sock_error).',
			differs: 'connect did not fail with EINPROGRESS, or poll and SO_ERROR did not report the result.',
		});
		expect(outcomes).toEqual([
			['EINPROGRESS', 'POLLOUT', '0'],
			['EINPROGRESS', 'POLLOUT|POLLERR|POLLHUP', 'ECONNREFUSED'],
			['EINPROGRESS', 'POLLOUT|POLLERR|POLLHUP', 'ETIMEDOUT'],
		]);
		return (
			'It fails with EINPROGRESS. Then poll and SO_ERROR report ' +
			`${outcomes.map(([, polled, soError]) => `${polled} and ${soError}`).join('; ')}.`
		);
	},
);

scenario(
	'non-blocking: who takes the error',
	{
		question: 'A blocking and a non-blocking connect fail with the same error. What does SO_ERROR return after that?',
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
		// A second connect on the same socket, while the first is still in progress (connect(2)).
		await expect(nonBlocking.connect(server.port(8080))).toFailWith('EALREADY');
		await expect(connect).toFailWith('ETIMEDOUT', { after: spanOf(giveUpMs) });
		await expect(nonBlocking.poll(['POLLOUT'])).toReturn(1);
		// Both sockets sent their SYN equally often.
		await expect(timeline).toShowSegments(`${2 * (1 + retransmissionsMs.length)}x > S dropped by syn`);

		const [afterBlocking, afterNonBlocking] = [await blocking.option('SO_ERROR'), await nonBlocking.option('SO_ERROR')];
		claim('KH-syn3', afterBlocking === 0 && afterNonBlocking === 110, {
			holds:
				'Only one call returns the error, because reading it clears sk_err (sock_error). The blocking connect ' +
				'returned it (inet_stream_connect); the non-blocking connect did not, so SO_ERROR does.',
			differs: 'SO_ERROR returned an error that a call had returned before, or returned none.',
		});
		// 0 is no error; 110 is ETIMEDOUT (asm-generic/errno.h).
		expect([afterBlocking, afterNonBlocking]).toEqual([0, 110]);
		return (
			`${afterBlocking} after the blocking connect, which had returned ${connect.event.errno} itself; ` +
			`${afterNonBlocking} (${errnoName(afterNonBlocking)}) after the non-blocking one, which had not.`
		);
	},
);
