/**
 * When does a server's program see a connection if the listener has set TCP_DEFER_ACCEPT? With this option the program
 * is woken only when data arrives (tcp(7)). Until then the client believes in a connection, while the server's kernel
 * keeps it in SYN-RECV. Nothing is broken.
 */
import { deferAcceptSeconds, expect, scenario, shortened, spanOf } from '../../harness/index.ts';

/**
 * In seconds. With the claim's 10 s, the kernel defers for 15 s. In real time it is 20 s, which are 31 s for the
 * kernel, so that a slow machine has looked at everything before that.
 */
const deferSeconds = shortened({ default: 10, to: 20 });

scenario(
	'deferred accept: until data comes',
	{
		question:
			`The listener has set TCP_DEFER_ACCEPT = ${deferSeconds}. A client connects, and sends data only later. What ` +
			'does the server’s program see?',
		claims: ['KH-defer1'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await server.socket();
		await listener.setOption('TCP_DEFER_ACCEPT', deferSeconds);
		await listener.listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));

		step('the client is connected, and the listener reports nothing');
		await Promise.all([
			expect(client).toHaveSocket({ state: 'ESTAB' }),
			// A poll that returns 0 has timed out. Meanwhile the SYN-ACK's timer expires at 1 s and at 3 s, and sends
			// nothing.
			expect(listener.poll(['POLLIN'], { timeoutMs: 4_000 })).toReturn(0, { after: spanOf(4_000) }),
		]);
		const [request, listening] = await Promise.all([
			expect(server).toHaveSocket({ state: 'SYN-RECV', timer: 'on' }),
			expect(server).toHaveSocket({ state: 'LISTEN' }),
		]);

		step('the client sends');
		const woken = listener.poll(['POLLIN']);
		await writer.send('hello');
		await expect(woken).toReturn(1);
		const established = await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 5 });
		const accepted = await listener.accept();
		await expect(accepted.recv()).toReturn(5);
		await timeline.upToDate();
		const synAcks = timeline.segments('server').filter(({ flags }) => flags === 'S.').length;
		claim(
			'KH-defer1',
			synAcks === 1 && request.timer?.count === 0 && listening.receiveQueue === 0 && established.state === 'ESTAB',
			{
				holds:
					'The kernel remembers that the client’s ACK came, and drops it (tcp_check_req). The timer expires, but ' +
					'resends nothing while accept is deferred (syn_ack_recalc), so the count in ss stays 0. The first data ' +
					'completes the connection.',
				differs:
					'A SYN-ACK was resent, or its timer counted, or the connection was in the accept queue before its data.',
			},
		);
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 5', '< .');
		expect(request.timer?.count).toBe(0);
		expect(listening.receiveQueue).toBe(0);
		return (
			`Nothing until data arrives: the connection is in ${request.state} with a timer count of ` +
			`${request.timer?.count}, and Recv-Q of LISTEN is ${listening.receiveQueue}, although the client is in ESTAB. ` +
			'When the data arrives, accept returns the connection and recv the data.'
		);
	},
);

/**
 * In seconds. Each is rounded up to whole timeouts of the SYN-ACK (secs_to_retrans): 7 = 1 + 2 + 4 stays, 10 becomes 1
 * + 2 + 4 + 8 = 15.
 */
const deferrals = [{ seconds: 7 }, { seconds: 10 }] as const;

scenario.each(deferrals)(
	'deferred accept: no data for $seconds s',
	({ seconds }) => ({
		question:
			`The listener has set TCP_DEFER_ACCEPT = ${seconds}, and the client sends nothing. When does the server’s ` +
			'program see the connection?',
		claims: seconds === 10 ? ['KH-defer2'] : [],
	}),
	async ({ client, server, timeline, claim, measured }, { seconds }) => {
		const deferredMs = deferAcceptSeconds(seconds) * 1_000;
		const listener = await server.socket();
		await listener.setOption('TCP_DEFER_ACCEPT', seconds);
		expect(await listener.option('TCP_DEFER_ACCEPT')).toBe(deferredMs / 1_000);
		await listener.listen(8080);
		const accept = listener.accept();
		const writer = await client.socket();
		const request = expect(server).toHaveSocket({ state: 'SYN-RECV', timer: 'on', timerCount: 0 });
		await writer.connect(server.port(8080));
		await expect(client).toHaveSocket({ state: 'ESTAB' });
		await request;

		await expect(server).toHaveSocket({ state: 'ESTAB' }, { after: spanOf(deferredMs) });
		const accepted = await accept;
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '< S.', '> .');
		await expect(timeline).toRetransmit('< S.', [deferredMs]);
		const [sent, again] = timeline.segments('server');
		const afterSeconds = (again?.t ?? Number.NaN) - (sent?.t ?? 0);
		if (seconds === 10) {
			measured('TCP_DEFER_ACCEPT = 10 and no data, until the SYN-ACK is sent again', afterSeconds);
			claim('KH-defer2', afterSeconds >= seconds && accepted.process.returned('accept', accepted.fd), {
				holds:
					'At the end of the deferral the SYN-ACK is sent once more (syn_ack_recalc), and the ACK that answers it ' +
					`completes the connection. This was after ${afterSeconds.toFixed(1)} s: ${seconds} s are rounded up to ` +
					`whole timeouts of the SYN-ACK, ${deferredMs / 1_000} s (secs_to_retrans). getsockopt returns this value, ` +
					'too.',
				differs: 'No SYN-ACK was resent after the deferral, or the answer to it did not complete the connection.',
			});
		}
		return (
			`After ${afterSeconds.toFixed(1)} s: the SYN-ACK is sent again, its ACK completes the connection, and accept ` +
			`returns ${accepted.fd}.`
		);
	},
);
