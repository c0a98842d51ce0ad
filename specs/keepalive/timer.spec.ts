/** What does the keepalive timer do while the connection is used, and how does ss show it? */
import {
	expect,
	isTimerOf,
	keepaliveTimeout,
	retransmissionTimeout,
	scenario,
	shortened,
	spanOf,
} from '../../harness/index.ts';

/** In seconds, the coarsest: the kernel counts its timers in jiffies, and HZ is at least 100. */
const JIFFY = 0.01;

scenario(
	'ss: the timers keepalive and persist',
	{
		question: 'What do the time and the number mean that ss shows for the timers keepalive and persist?',
		claims: ['QI17'],
	},
	async ({ client, server, timeline, step, claim }) => {
		// Below 10 s ss tells milliseconds.
		const keepalive = { time: 8, interval: 8, probes: 9 };
		await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.setOption('SO_KEEPALIVE', 1);
		await kang.setOption('TCP_KEEPIDLE', keepalive.time);
		await kang.setOption('TCP_KEEPINTVL', keepalive.interval);
		await kang.connect(server.port(8080));

		// With most of the time left, for it to run down in: each answered probe sets it anew.
		const first = await expect(client).toHaveSocket(
			{ remotePort: 8080, timer: 'keepalive', timerCount: 0, timerLeft: { atLeastMs: 6_000 } },
			{ after: { ...keepaliveTimeout({ ...keepalive, probes: 0 }), atLeastMs: 0 } },
		);
		const lessMs = (first.timer?.leftMs ?? 0) - 1_000;
		const later = await expect(client).toHaveSocket({
			remotePort: 8080,
			timer: 'keepalive',
			timerLeft: { atMostMs: lessMs },
		});
		const passed = { atLeast: later.t - first.seenBy, atMost: later.seenBy - first.t };
		const ran = ((first.timer?.leftMs ?? 0) - (later.timer?.leftMs ?? 0)) / 1_000;
		const runsAsTime = ran >= passed.atLeast - JIFFY && ran <= passed.atMost + JIFFY;

		step('nothing arrives at kodos');
		const silence = await server.drop({ name: 'silence', destinationPort: 8080 });
		await timeline.upToDate();
		const since = timeline.lastReceived('client', 8080);
		await expect(client).toHaveSocket(
			{ remotePort: 8080, timer: 'keepalive', timerCount: { atLeast: 1 } },
			{ after: keepaliveTimeout({ ...keepalive, probes: 0 }), since },
		);
		const second = await expect(client).toHaveSocket(
			{ remotePort: 8080, timer: 'keepalive', timerCount: { atLeast: 2 } },
			{ after: keepaliveTimeout({ ...keepalive, probes: 1 }), since },
		);
		await timeline.upToDate();
		const told = second.timer?.count ?? 0;
		const lostBy = (time: number) =>
			timeline.segments('client', 8080).filter(({ t, fate }) => fate === 'dropped' && t <= time).length;
		const countsUnanswered = lostBy(second.t) <= told && told <= lostBy(second.seenBy);

		step('kodos answers again');
		await silence.heal();
		// The next probe is answered, and what was unanswered is forgotten (tcp_ack clears icsk_probes_out).
		const answered = await expect(client).toHaveSocket(
			{ remotePort: 8080, timer: 'keepalive', timerCount: 0 },
			{ after: { ...spanOf(keepalive.interval * 1_000), atLeastMs: 0 } },
		);

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
		await expect(client).toHaveSocket({
			remotePort: 9090,
			timer: 'persist',
			timerLeft: { atLeastMs: (closed.timer?.leftMs ?? 0) + 100 },
		});
		await timeline.upToDate();
		const probe = timeline.segments('client', 9090).at(-1);
		const answer = timeline.segments('server', 9090).at(-1);

		claim(
			'QI17',
			runsAsTime &&
				countsUnanswered &&
				answered.timer?.count === 0 &&
				probe?.length === 0 &&
				probe.t >= due - JIFFY &&
				answer?.window === 0,
			{
				holds:
					'ss shows what is left of the keepalive timer and icsk_probes_out, which a probe adds to and an answer ' +
					'clears (inet_sk_diag_fill); where the persist timer ran out, a segment without data left and a window ' +
					'of 0 came back.',
				differs:
					`In ${inWords(passed)} s the timer ran ${ran.toFixed(2)} s; ${lostBy(second.seenBy)} probes were ` +
					`unanswered where it said ${told}; the last segment to the closed window had ${probe?.length} bytes, and ` +
					`left ${((probe?.t ?? Number.NaN) - due).toFixed(2)} s after the end of persist.`,
			},
		);
		return (
			`keepalive: in ${inWords(passed)} s it ran ${ran.toFixed(2)} s down; it said ${told} when ` +
			`${lostBy(second.seenBy)} probes were lost, and ${answered.timer?.count} when one was answered. persist: at ` +
			`its end a probe of ${probe?.length} bytes left, and the answer told a window of ${answer?.window}.`
		);
	},
);

scenario(
	'traffic: the timer is not restarted, but set for what is left',
	{
		question:
			'Some of the idle time has passed when data is sent and acknowledged. When is the first probe sent, and ' +
			'what does the timer do meanwhile?',
		claims: ['QI5'],
	},
	async ({ client, server, timeline, step, claim }) => {
		// As the claim has it: traffic comes late, so that most of the time is left when the timer expires.
		// What is left before, idle - rest, is below 10 s: of that ss tells milliseconds.
		const { idle, rest } = shortened({ default: { idle: 30, rest: 25 }, to: { idle: 27, rest: 18 } });
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
		const after = await expect(client).toHaveSocket({ sendQueue: 0, timer: 'keepalive' });
		await expect(kodos.recv()).toReturn(5);

		step('the timer expires');
		// More than was left before, so it was set anew, and less than TCP_KEEPINTVL, 75 s, which is set after a probe.
		const again = await expect(client).toHaveSocket(
			{
				timer: 'keepalive',
				timerCount: 0,
				timerLeft: { atLeastMs: (idle - rest) * 1_000 + 100, atMostMs: idle * 1_000 },
			},
			{ after: { ...spanOf((idle - rest) * 1_000), atLeastMs: 0 } },
		);
		const leftMs = again.timer?.leftMs ?? 0;

		step('what was left has passed');
		await expect(client).toHaveSocket(
			{ timer: 'keepalive', timerLeft: { atLeastMs: idle * 1_000 } },
			{ after: { ...spanOf(leftMs), atLeastMs: 0 } },
		);
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 5', '< .', '> .', '< .');
		const heard = timeline.segments('server')[1]?.arrived ?? 0;
		const probed = timeline.segments('client').at(-1)?.t ?? 0;
		expect(probed - heard).toBeGreaterThanOrEqual(idle - JIFFY);
		const notRestarted = (after.timer?.leftMs ?? idle * 1_000) <= (before.timer?.leftMs ?? 0);
		// Of 10 s and more ss tells whole seconds, rounded down.
		const due = { atLeast: again.t + leftMs / 1_000, atMost: again.seenBy + leftMs / 1_000 + 1 };
		const setForTheRest = heard + idle >= due.atLeast - JIFFY && heard + idle <= due.atMost + JIFFY;
		claim(
			'QI5',
			notRestarted && setForTheRest && probed > again.t && isTimerOf((probed - heard) * 1_000, idle * 1_000),
			{
				holds:
					'Segments only note when they came (rcv_tstamp, lrcvtime); tcp_keepalive_timer looks at that when it ' +
					`expires, and sets itself for the rest (keepalive_time_elapsed). Of ${idle} s, ` +
					`${(leftMs / 1_000).toFixed(1)} s were left.`,
				differs:
					`The timer had ${after.timer?.leftMs} ms left after the traffic and ${before.timer?.leftMs} ms before; it ` +
					`was set to ${leftMs} ms, and the first probe came ${(probed - heard).toFixed(1)} s after the last segment.`,
			},
		);
		expect({ notRestarted, setForTheRest }).toEqual({ notRestarted: true, setForTheRest: true });
		return (
			`The traffic leaves it running (${before.timer?.leftMs} ms left, then ${after.timer?.leftMs}). At its end it ` +
			`is set for the ${(leftMs / 1_000).toFixed(1)} s that are left of ${idle} s. The probe is sent ` +
			`${(probed - heard).toFixed(1)} s after the traffic.`
		);
	},
);

/** The default is 15; either way it is longer than keepalive would take. */
const retries2 = shortened({ default: 15, to: 5 });

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
		await kang.setOption('TCP_KEEPINTVL', keepalive.interval);
		await kang.setOption('TCP_KEEPCNT', keepalive.probes);
		await kang.connect(server.port(8080));
		await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'keepalive' });

		await server.drop({ name: 'silence' });
		await kang.send('hello');
		// Only now: with nothing on its way a probe would be right. The kernel sets the timer anew at once
		// (tcp_sock_set_keepidle_locked).
		await kang.setOption('TCP_KEEPIDLE', keepalive.time);
		// ss shows one timer of a socket, and retransmission goes before keepalive (inet_sk_diag_fill).
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 5, timer: 'on' });
		const reading = kang.recv();
		await timeline.upToDate();
		const sent = timeline.segments('client').find(({ length }) => length > 0)?.t ?? 0;
		await expect(reading).toFailWith('ETIMEDOUT', { after: retransmissionTimeout({ retries2 }), since: sent });
		// Retransmissions only: no probe, and no RST in the end.
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> .',
			`${retries2 + 1}..${retries2 + 3}x > P. 5 dropped by silence`,
		);

		const seconds = reading.endedAt - sent;
		const silent = timeline.segments('client').filter(({ fate }) => fate === 'dropped');
		claim(
			'KH-idle2',
			silent.every(({ length }) => length > 0) && seconds > keepalive.time + keepalive.interval * keepalive.probes,
			{
				holds:
					'tcp_keepalive_timer only sets itself anew while something is in flight or waits to be sent: then ' +
					'retransmission, or the window probe, finds out.',
				differs: 'A probe was sent although data was unacknowledged, or keepalive gave the connection up.',
			},
		);
		return (
			`It is retransmitted ${silent.length - 1} times, no probe is sent, and after ${seconds.toFixed(1)} s it is ` +
			'given up as tcp_retries2 says.'
		);
	},
);

/** Bounds in seconds. */
function inWords({ atLeast, atMost }: { atLeast: number; atMost: number }): string {
	return `${atLeast.toFixed(2)} to ${atMost.toFixed(2)}`;
}
