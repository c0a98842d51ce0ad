/** What does the keepalive timer do while the connection is used, and how does ss show it? */
import { expect, isTimerOf, keepaliveTimeout, retransmissionTimeout, scenario, shortened, spanOf } from '../../harness/index.ts';

scenario(
	'ss: the timers keepalive and persist',
	{
		question: 'What do the time and the number mean that ss shows for the timers keepalive and persist?',
		claims: ['QI17'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const keepalive = { time: 4, interval: 2, probes: 9 };
		await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.setOption('SO_KEEPALIVE', 1);
		await kang.setOption('TCP_KEEPIDLE', keepalive.time);
		await kang.setOption('TCP_KEEPINTVL', keepalive.interval);
		await kang.connect(server.port(8080));

		const first = await expect(client).toHaveSocket({ remotePort: 8080, timer: 'keepalive', timerCount: 0 });
		const later = await expect(client).toHaveSocket({ remotePort: 8080, timer: 'keepalive', timerLeft: { atMostMs: 3_000 } });
		const passedMs = (later.t - first.t) * 1_000;
		const ranMs = (first.timer?.leftMs ?? 0) - (later.timer?.leftMs ?? 0);

		step('nothing arrives at kodos');
		const silence = await server.drop({ name: 'silence', destinationPort: 8080 });
		await timeline.upToDate();
		const since = timeline.lastHeard('client', 8080);
		await expect(client).toHaveSocket(
			{ remotePort: 8080, timer: 'keepalive', timerCount: 1 },
			{ after: keepaliveTimeout({ ...keepalive, probes: 0 }), since },
		);
		const second = await expect(client).toHaveSocket(
			{ remotePort: 8080, timer: 'keepalive', timerCount: 2 },
			{ after: keepaliveTimeout({ ...keepalive, probes: 1 }), since },
		);
		await timeline.upToDate();
		const unanswered = timeline.segments('client', 8080).filter(({ t, fate }) => fate === 'dropped' && t < second.t + keepalive.interval / 2).length;

		step('kodos answers again');
		await silence.heal();
		// The next probe is answered, and what was unanswered is forgotten (tcp_ack clears icsk_probes_out).
		const answered = await expect(client).toHaveSocket({ remotePort: 8080, timer: 'keepalive', timerCount: 0 });

		step('a window that is closed');
		const full = await server.socket();
		await full.setOption('SO_RCVBUF', 4_096);
		await full.listen(9090);
		const sender = await client.socket();
		await sender.connect(server.port(9090));
		await sender.setNonBlocking();
		await sender.send('x'.repeat(20_000));
		const closed = await expect(client).toHaveSocket({ remotePort: 9090, timer: 'persist' });
		const due = closed.t + (closed.timer?.leftMs ?? 0) / 1_000;
		// A probe, answered by "still closed"; the timer is set to twice the time (RFC 9293, 3.8.6.1).
		await expect(client).toHaveSocket({ remotePort: 9090, timer: 'persist', timerLeft: { atLeastMs: (closed.timer?.leftMs ?? 0) + 100 } });
		await timeline.upToDate();
		const probe = timeline.segments('client', 9090).find(({ t }) => t >= due - 0.05);
		const answer = timeline.segments('server', 9090).at(-1);

		claim(
			'QI17',
			Math.abs(passedMs - ranMs) < 300 && unanswered === 2 && answered.timer?.count === 0 && probe?.length === 0 && answer?.window === 0,
			{
				holds:
					'ss shows what is left of the keepalive timer and icsk_probes_out, which a probe adds to and an answer clears (inet_sk_diag_fill); where the persist timer ran out, a segment without data left and a window of 0 came back.',
				differs: `In ${passedMs.toFixed(0)} ms the timer ran ${ranMs.toFixed(0)} ms; ${unanswered} probes were unanswered where it said 2; at the end of persist a segment of ${probe?.length} bytes left.`,
			},
		);
		return `keepalive: in ${passedMs.toFixed(0)} ms it ran ${ranMs.toFixed(0)} ms down; it said 2 when ${unanswered} probes were lost, and ${answered.timer?.count} when one was answered. persist: at its end a probe of ${probe?.length} bytes left, and the answer told a window of ${answer?.window}.`;
	},
);

scenario(
	'traffic: the timer is not restarted, but set for what is left',
	{
		question:
			'Some of the idle time has passed when data is sent and acknowledged. When is the first probe sent, and what does the timer do meanwhile?',
		claims: ['QI5'],
	},
	async ({ client, server, timeline, step, claim }) => {
		// As the claim has it: traffic comes late, so that most of the time is left when the timer expires.
		const { idle, rest } = shortened({ default: { idle: 30, rest: 25 }, to: { idle: 8, rest: 3 } });
		const listener = await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.setOption('SO_KEEPALIVE', 1);
		await kang.setOption('TCP_KEEPIDLE', idle);
		await kang.connect(server.port(8080));
		const kodos = await listener.accept();
		const before = await expect(client).toHaveSocket(
			{ timer: 'keepalive', timerLeft: { atMostMs: (idle - rest) * 1_000 } },
			{ after: spanOf(rest * 1_000) },
		);

		step('traffic');
		await kang.send('hello');
		await expect(kodos.recv()).toReturn(5);
		const after = await expect(client).toHaveSocket({ sendQueue: 0, timer: 'keepalive' });

		step('the timer expires');
		await expect(client).toHaveSocket({ timer: 'keepalive', timerLeft: { atMostMs: 1_500 } });
		const again = await expect(client).toHaveSocket({ timer: 'keepalive', timerCount: 0, timerLeft: { atLeastMs: 1_600 } });
		const leftMs = again.timer?.leftMs ?? 0;

		step('what was left has passed');
		await expect(client).toHaveSocket({ timer: 'keepalive', timerLeft: { atMostMs: 1_000 } }, { after: { ...spanOf(leftMs), atLeastMs: 0 } });
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 5', '< .', '> .', '< .');
		const heard = timeline.segments('server')[1]?.t ?? 0;
		const probed = timeline.segments('client').at(-1)?.t ?? 0;
		expect((probed - heard) * 1_000).toBeGreaterThanOrEqual(idle * 1_000 - 10);
		const notRestarted = (after.timer?.leftMs ?? idle * 1_000) <= (before.timer?.leftMs ?? 0);
		// Of more than 9 s ss tells whole seconds.
		const setForTheRest = Math.abs(again.t + leftMs / 1_000 - (heard + idle)) < 1.5;
		claim('QI5', notRestarted && setForTheRest && probed > again.t && isTimerOf((probed - heard) * 1_000, idle * 1_000), {
			holds: `Segments only note when they came (rcv_tstamp, lrcvtime); tcp_keepalive_timer looks at that when it expires, and sets itself for the rest (keepalive_time_elapsed). Of ${idle} s, ${(leftMs / 1_000).toFixed(1)} s were left.`,
			differs: `The timer had ${after.timer?.leftMs} ms left after the traffic and ${before.timer?.leftMs} ms before; it was set to ${leftMs} ms, and the first probe came ${(probed - heard).toFixed(1)} s after the last segment.`,
		});
		return `The traffic leaves it running (${before.timer?.leftMs} ms left, then ${after.timer?.leftMs}). At its end it is set for the ${(leftMs / 1_000).toFixed(1)} s that are left of ${idle} s. The probe is sent ${(probed - heard).toFixed(1)} s after the traffic.`;
	},
);

/** The default is 15; either way it is longer than keepalive would take. */
const retries2 = shortened({ default: 15, to: 4 });

scenario(
	'unacknowledged data: no probes',
	{
		question: 'Keepalive would give a silent peer up after 5 s. What if data is on its way when the peer falls silent?',
		claims: ['KH-idle2'],
		sysctls: { tcp_retries2: retries2 },
	},
	async ({ client, server, timeline, claim }) => {
		const keepalive = { time: 3, interval: 1, probes: 2 };
		await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.setOption('SO_KEEPALIVE', 1);
		await kang.setOption('TCP_KEEPIDLE', keepalive.time);
		await kang.setOption('TCP_KEEPINTVL', keepalive.interval);
		await kang.setOption('TCP_KEEPCNT', keepalive.probes);
		await kang.connect(server.port(8080));
		await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'keepalive' });

		await server.drop({ name: 'silence' });
		await kang.send('hello');
		// ss shows one timer of a socket, and retransmission goes before keepalive (inet_sk_diag_fill).
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 5, timer: 'on' });
		const reading = kang.recv();
		await timeline.upToDate();
		const sent = timeline.segments('client').find(({ length }) => length > 0)?.t ?? 0;
		await expect(reading).toFailWith('ETIMEDOUT', { after: retransmissionTimeout({ retries2 }), since: sent });
		// Retransmissions only: no probe, and no RST in the end.
		await expect(timeline).toShowSegments('...', `${retries2 + 1}..${retries2 + 3}x > P. 5 dropped by silence`);

		const seconds = reading.endedAt - sent;
		const silent = timeline.segments('client').filter(({ fate }) => fate === 'dropped');
		claim('KH-idle2', silent.every(({ length }) => length > 0) && seconds > keepalive.time + keepalive.interval * keepalive.probes, {
			holds:
				'tcp_keepalive_timer only sets itself anew while something is in flight or waits to be sent: then retransmission, or the window probe, finds out.',
			differs: 'A probe was sent although data was unacknowledged, or keepalive gave the connection up.',
		});
		return `It is retransmitted ${silent.length - 1} times, no probe is sent, and after ${seconds.toFixed(1)} s it is given up as tcp_retries2 says.`;
	},
);
