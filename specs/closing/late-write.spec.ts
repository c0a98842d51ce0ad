/**
 * What does a program get when it writes to a connection that its peer has closed: which errno, and when a signal?
 * Nothing is broken: the peer has closed, with a FIN or with a RST. What the writer gets depends on the state in which
 * the RST arrives: EPIPE after a FIN, ECONNRESET without one (tcp_reset).
 */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'FIN before RST, and RST alone',
	{
		question:
			'The server has closed, once with a FIN and once with a RST. Which errno do the client’s writes fail with, and ' +
			'when is there a SIGPIPE?',
		claims: ['QI13'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);

		step('the server closes with a FIN; the late write is answered by a RST');
		const withoutSignal = await client.socket({ name: 'without-signal' });
		await withoutSignal.connect(server.port(8080));
		await (await listener.accept()).close();
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT' });
		await expect(withoutSignal.send('one')).toReturn(3);
		await expect(timeline).toShowSegment('< R');
		await expect(client).toHaveNoSocket();
		await expect(withoutSignal.send('two', 'MSG_NOSIGNAL')).toFailWith('EPIPE');

		step('the same, without MSG_NOSIGNAL');
		const withSignal = await client.socket({ name: 'with-signal' });
		await withSignal.connect(server.port(8080));
		await (await listener.accept()).close();
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT' });
		await expect(withSignal.send('one')).toReturn(3);
		await expect(client).toHaveNoSocket();
		withSignal.send('two');
		await expect(withSignal.process).toHaveEnded({ signal: 'SIGPIPE' });

		step('the server closes with unread data, which sends a RST instead of a FIN');
		const afterReset = await client.socket({ name: 'after-reset' });
		await afterReset.connect(server.port(8080));
		const closer = await listener.accept();
		await afterReset.send('not read');
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 8 });
		await closer.close();
		await expect(timeline).toShowSegment('< R.');
		await expect(client).toHaveNoSocket();
		// Without MSG_NOSIGNAL, but there is no signal: SIGPIPE is sent only together with EPIPE (sk_stream_error).
		await expect(afterReset.send('one')).toFailWith('ECONNRESET');
		await expect(afterReset.send('two', 'MSG_NOSIGNAL')).toFailWith('EPIPE');

		claim(
			'QI13',
			withoutSignal.process.results('write') === '3, then EPIPE' &&
				withSignal.process.end !== undefined &&
				'signal' in withSignal.process.end &&
				withSignal.process.end.signal === 'SIGPIPE' &&
				afterReset.process.results('write').startsWith('8, then ECONNRESET') &&
				afterReset.process.end === undefined,
			{
				holds:
					'tcp_reset chooses the errno by the state: EPIPE in CLOSE-WAIT, that is after a FIN; ECONNREFUSED in ' +
					'SYN-SENT; ECONNRESET in other states. SIGPIPE is sent only together with EPIPE (sk_stream_error).',
				differs: 'An errno was a different one, or SIGPIPE came without EPIPE, or EPIPE without SIGPIPE.',
			},
		);
		return (
			`After a FIN the writes give ${withoutSignal.process.results('write')}, or the process ends with SIGPIPE. ` +
			`After a RST alone they give ${afterReset.process.results('write')}.`
		);
	},
);

/** In seconds; the default. */
const finTimeout = 60;

scenario(
	'the RST for a late write takes both sockets away',
	{
		question:
			'The server has closed: its socket is in FIN-WAIT-2, the client’s in CLOSE-WAIT. The client writes. Which ' +
			'sockets are left?',
		claims: ['QI16'],
		sysctls: { tcp_fin_timeout: finTimeout },
	},
	async ({ client, server, timeline, step, claim }) => {
		const closer = await server.nc({ listen: 8080 });
		const writer = await client.dnc({ connect: server.port(8080) });

		step('the server closes');
		await closer.interrupt();
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT' });
		// The timer may be called timewait or keepalive. It is keepalive if the ACK of the FIN arrives while close() still
		// holds the socket (tcp_rcv_state_process).
		const { timer } = await expect(server).toHaveSocket({
			state: 'FIN-WAIT-2',
			timerLeft: { atMostMs: finTimeout * 1_000 },
		});

		step('the client writes, too late');
		await writer.type('too late\n');
		await expect(writer).toHaveReturned('write', 9);
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '< F.', '0..1x > .', '> P. 9', '< R');
		const { t: gone } = await expect(server).toHaveNoSocket();
		await expect(client).toHaveNoSocket();
		await timeline.upToDate();
		const resetAt = timeline.segments('server').at(-1)?.t ?? Number.NaN;
		const after = {
			server: gone - resetAt,
			client: (timeline.whenLeft('client', 'CLOSE-WAIT') ?? Number.NaN) - resetAt,
		};
		// With its timer alone, the server's socket would have existed for longer.
		const left = (timer?.leftMs ?? Number.NaN) / 1_000;
		const atOnce = Math.max(after.server, after.client) < left / 2;
		claim(
			'QI16',
			atOnce && timeline.states('server').at(-1) === 'CLOSED' && timeline.states('client').at(-1) === 'CLOSED',
			{
				holds:
					'The host that sends the RST removes its FIN-WAIT-2 socket at the same time, long before the timer expires ' +
					'(tcp_v4_rcv, TCP_TW_RST: inet_twsk_deschedule_put). The host that receives the RST closes its socket ' +
					'(tcp_reset).',
				differs: 'One of the sockets still existed after the RST.',
			},
		);
		return (
			`None: ${after.client.toFixed(1)} s after the RST the client’s socket is gone. The server’s socket, whose ` +
			`FIN-WAIT-2 had ${left.toFixed(0)} s left, is gone after at most ${after.server.toFixed(1)} s.`
		);
	},
);
