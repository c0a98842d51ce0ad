/** What does a write tell that comes too late: an error, a signal, and which? */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'FIN before RST, and RST alone',
	{
		question:
			'kodos has closed: once with a FIN, once with a RST. Which errno ends kang’s writes, and when is it a signal?',
		claims: ['QI13'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);

		step('kodos closes: a FIN, and a RST for the late write');
		const careful = await client.socket({ name: 'careful' });
		await careful.connect(server.port(8080));
		await (await listener.accept()).close();
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT' });
		await expect(careful.send('one')).toReturn(3);
		await expect(timeline).toShowSegment('< R');
		await expect(client).toHaveNoSocket();
		await expect(careful.send('two', 'MSG_NOSIGNAL')).toFailWith('EPIPE');

		step('the same, and nobody asked for an errno');
		const careless = await client.socket({ name: 'careless' });
		await careless.connect(server.port(8080));
		await (await listener.accept()).close();
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT' });
		await expect(careless.send('one')).toReturn(3);
		await expect(client).toHaveNoSocket();
		careless.send('two');
		await expect(careless.process).toHaveEnded({ signal: 'SIGPIPE' });

		step('kodos closes without having read: a RST alone');
		const reset = await client.socket({ name: 'reset' });
		await reset.connect(server.port(8080));
		const kodos = await listener.accept();
		await reset.send('not read');
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 8 });
		await kodos.close();
		await expect(timeline).toShowSegment('< R.');
		await expect(client).toHaveNoSocket();
		// No MSG_NOSIGNAL, and yet no signal: SIGPIPE goes with EPIPE only.
		await expect(reset.send('one')).toFailWith('ECONNRESET');
		await expect(reset.send('two', 'MSG_NOSIGNAL')).toFailWith('EPIPE');

		claim(
			'QI13',
			careful.process.results('write') === '3, then EPIPE' &&
				careless.process.end !== undefined &&
				'signal' in careless.process.end &&
				careless.process.end.signal === 'SIGPIPE' &&
				reset.process.results('write').startsWith('8, then ECONNRESET') &&
				reset.process.end === undefined,
			{
				holds:
					'tcp_reset chooses the errno by the state: EPIPE in CLOSE-WAIT, where a FIN came before, ECONNREFUSED ' +
					'in SYN-SENT, else ECONNRESET. SIGPIPE is sent with EPIPE only (sk_stream_error).',
				differs: 'An errno was another, or SIGPIPE came without EPIPE or did not come with it.',
			},
		);
		return (
			`After a FIN its writes give ${careful.process.results('write')}, or SIGPIPE; after a RST alone ` +
			`${reset.process.results('write')}.`
		);
	},
);

/** The default. */
const finTimeout = 60;

scenario(
	'the RST for a late write takes both sockets away',
	{
		question:
			'kodos has closed and its socket waits in FIN-WAIT-2; kang’s waits in CLOSE-WAIT. kang writes. What is left?',
		claims: ['QI16'],
		sysctls: { tcp_fin_timeout: finTimeout },
	},
	async ({ client, server, timeline, step, claim }) => {
		const kodos = await server.nc({ listen: 8080 });
		const kang = await client.dnc({ connect: server.port(8080) });

		step('kodos closes');
		await kodos.interrupt();
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT' });
		// Whatever the timer’s name: it is keepalive where the ACK of the FIN came while close() still held the socket
		// (tcp_rcv_state_process).
		const { timer } = await expect(server).toHaveSocket({
			state: 'FIN-WAIT-2',
			timerLeft: { atMostMs: finTimeout * 1_000 },
		});

		step('kang writes too late');
		await kang.type('too late\n');
		await expect(kang).toHaveReturned('write', 9);
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '< F.', '0..1x > .', '> P. 9', '< R');
		const { t: gone } = await expect(server).toHaveNoSocket();
		await expect(client).toHaveNoSocket();
		await timeline.upToDate();
		const reset = timeline.segments('server').at(-1)?.t ?? Number.NaN;
		const after = { server: gone - reset, client: (timeline.whenLeft('client', 'CLOSE-WAIT') ?? Number.NaN) - reset };
		// By its timer kodos’ socket would have been there for longer.
		const left = (timer?.leftMs ?? Number.NaN) / 1_000;
		const atOnce = Math.max(after.server, after.client) < left / 2;
		claim(
			'QI16',
			atOnce && timeline.states('server').at(-1) === 'CLOSED' && timeline.states('client').at(-1) === 'CLOSED',
			{
				holds:
					'The host that sends the RST drops its FIN-WAIT-2 with it (tcp_v4_rcv, TCP_TW_RST: ' +
					'inet_twsk_deschedule_put), long before its timer; the one that gets it closes (tcp_reset).',
				differs: 'One of the sockets outlived the RST.',
			},
		);
		return (
			`Nothing: ${after.client.toFixed(1)} s after the RST kang’s socket is gone, and kodos’, whose FIN-WAIT-2 had ` +
			`${left.toFixed(0)} s to go, after no more than ${after.server.toFixed(1)} s.`
		);
	},
);
