/**
 * What does the keepalive timer do while the connection is used, and how does ss show it? The timer measures how long
 * the peer has been silent. Traffic does not restart it; it checks only when it expires. While data is unacknowledged
 * it does nothing, because retransmission will notice a dead peer.
 */
import {
	expect,
	isTimerOf,
	keepaliveTimeout,
	retransmissionTimeout,
	scenario,
	shortened,
	spanOf,
} from '../../harness/index.ts';

/** In seconds. The kernel's timers count in jiffies; with HZ = 100, the smallest value, a jiffy takes 10 ms. */
const JIFFY = 0.01;

scenario(
	'ss: the timers keepalive and persist',
	{
		question: 'ss shows a time and a number for the timers keepalive and persist. What do they mean?',
		claims: ['QI17'],
	},
	async ({ client, server, timeline, step, claim }) => {
		// Below 10 s, ss shows milliseconds.
		const keepalive = { time: 8, interval: 8, probes: 9 };
		await (await server.socket()).listen(8080);
		const idle = await client.socket();
		await idle.setOption('SO_KEEPALIVE', 1);
		await idle.setOption('TCP_KEEPIDLE', keepalive.time);
		await idle.setOption('TCP_KEEPINTVL', keepalive.interval);
		await idle.connect(server.port(8080));

		// Wait for a moment with most of the time left, so that it can count down. Each answered probe sets the timer
		// again.
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
		const countedDown = ((first.timer?.leftMs ?? 0) - (later.timer?.leftMs ?? 0)) / 1_000;
		const runsAsTime = countedDown >= passed.atLeast - JIFFY && countedDown <= passed.atMost + JIFFY;

		step('nothing reaches the server');
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
		const shownCount = second.timer?.count ?? 0;
		const lostBy = (time: number) =>
			timeline.segments('client', 8080).filter(({ t, fate }) => fate === 'dropped' && t <= time).length;
		const countsUnanswered = lostBy(second.t) <= shownCount && shownCount <= lostBy(second.seenBy);

		step('the server answers again');
		await silence.heal();
		// The next probe is answered, which resets the count (tcp_ack clears icsk_probes_out).
		const answered = await expect(client).toHaveSocket(
			{ remotePort: 8080, timer: 'keepalive', timerCount: 0 },
			{ after: { ...spanOf(keepalive.interval * 1_000), atLeastMs: 0 } },
		);

		step('a closed window');
		const full = await server.socket();
		await full.setOption('SO_RCVBUF', 4_096);
		await full.listen(9090);
		const sender = await client.socket();
		await sender.connect(server.port(9090));
		await sender.setNonBlocking();
		await sender.send('x'.repeat(20_000));
		const probing = await expect(client).toHaveSocket({ remotePort: 9090, timer: 'persist' });
		const due = probing.t + (probing.timer?.leftMs ?? 0) / 1_000;
		// A probe is sent, and answered: the window is still closed. The timer is set to twice the time (RFC 9293,
		// 3.8.6.1).
		await expect(client).toHaveSocket({
			remotePort: 9090,
			timer: 'persist',
			timerLeft: { atLeastMs: (probing.timer?.leftMs ?? 0) + 100 },
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
					'ss shows the time left of the keepalive timer, and icsk_probes_out, which each probe increments and an ' +
					'answer clears (inet_sk_diag_fill). When the persist timer expired, a segment without data was sent, and a ' +
					'window of 0 came back.',
				differs:
					`In ${bounds(passed)} s the timer counted ${countedDown.toFixed(2)} s down; ${lostBy(second.seenBy)} ` +
					`probes were unanswered when ss showed ${shownCount}; the last segment to the closed window had ` +
					`${probe?.length} bytes, and was sent ${((probe?.t ?? Number.NaN) - due).toFixed(2)} s after the persist ` +
					'timer was due.',
			},
		);
		return (
			`keepalive: in ${bounds(passed)} s it counts ${countedDown.toFixed(2)} s down; ss shows ${shownCount} when ` +
			`${lostBy(second.seenBy)} probes are lost, and ${answered.timer?.count} after one is answered. persist: when ` +
			`it expires, a probe of ${probe?.length} bytes is sent, and the answer has a window of ${answer?.window}.`
		);
	},
);

scenario(
	'traffic: the timer is not restarted, but set for what is left',
	{
		question:
			'A part of the idle time has passed when data is sent and acknowledged. When is the first probe sent, and what ' +
			'does the timer do until then?',
		claims: ['QI5'],
	},
	async ({ client, server, timeline, step, claim }) => {
		// As in the claim: the data is sent late, so that most of the idle time is left when the timer expires: `left`
		// seconds. The time until that expiry, idleTime - left, is below 10 s, so ss shows milliseconds.
		const { idleTime, left } = shortened({ default: { idleTime: 30, left: 25 }, to: { idleTime: 27, left: 18 } });
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.setOption('SO_KEEPALIVE', 1);
		await writer.setOption('TCP_KEEPIDLE', idleTime);
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		const before = await expect(client).toHaveSocket(
			{ timer: 'keepalive', timerLeft: { atMostMs: (idleTime - left) * 1_000 } },
			{ after: spanOf(left * 1_000) },
		);

		step('data is sent and acknowledged');
		await writer.send('hello');
		const after = await expect(client).toHaveSocket({ sendQueue: 0, timer: 'keepalive' });
		await expect(reader.recv()).toReturn(5);

		step('the timer expires');
		// More than before, so the timer was set again; less than TCP_KEEPINTVL (75 s), which it gets after a probe.
		const again = await expect(client).toHaveSocket(
			{
				timer: 'keepalive',
				timerCount: 0,
				timerLeft: { atLeastMs: (idleTime - left) * 1_000 + 100, atMostMs: idleTime * 1_000 },
			},
			{ after: { ...spanOf((idleTime - left) * 1_000), atLeastMs: 0 } },
		);
		const leftMs = again.timer?.leftMs ?? 0;

		step('the rest of the idle time has passed');
		await expect(client).toHaveSocket(
			{ timer: 'keepalive', timerLeft: { atLeastMs: idleTime * 1_000 } },
			{ after: { ...spanOf(leftMs), atLeastMs: 0 } },
		);
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 5', '< .', '> .', '< .');
		const lastAnswer = timeline.segments('server')[1]?.arrived ?? 0;
		const probed = timeline.segments('client').at(-1)?.t ?? 0;
		expect(probed - lastAnswer).toBeGreaterThanOrEqual(idleTime - JIFFY);
		const notRestarted = (after.timer?.leftMs ?? idleTime * 1_000) <= (before.timer?.leftMs ?? 0);
		// From 10 s on, ss shows whole seconds, rounded down.
		const due = { atLeast: again.t + leftMs / 1_000, atMost: again.seenBy + leftMs / 1_000 + 1 };
		const setForWhatIsLeft =
			lastAnswer + idleTime >= due.atLeast - JIFFY && lastAnswer + idleTime <= due.atMost + JIFFY;
		claim(
			'QI5',
			notRestarted &&
				setForWhatIsLeft &&
				probed > again.t &&
				isTimerOf((probed - lastAnswer) * 1_000, idleTime * 1_000),
			{
				holds:
					'A segment only records when it arrived (rcv_tstamp, lrcvtime). tcp_keepalive_timer checks this when it ' +
					`expires, and sets itself for the rest of the time (keepalive_time_elapsed). Of ${idleTime} s, ` +
					`${(leftMs / 1_000).toFixed(1)} s were left.`,
				differs:
					`The timer had ${after.timer?.leftMs} ms left after the traffic and ${before.timer?.leftMs} ms before. It ` +
					`was set to ${leftMs} ms, and the first probe came ${(probed - lastAnswer).toFixed(1)} s after the last ` +
					'segment.',
			},
		);
		expect({ notRestarted, setForWhatIsLeft }).toEqual({ notRestarted: true, setForWhatIsLeft: true });
		return (
			`Traffic does not change the timer (${before.timer?.leftMs} ms left before, ${after.timer?.leftMs} ms after). ` +
			`When it expires, it is set to the ${(leftMs / 1_000).toFixed(1)} s that are left of ${idleTime} s. The probe ` +
			`is sent ${(probed - lastAnswer).toFixed(1)} s after the traffic.`
		);
	},
);

/** The default is 15. Both values take longer than keepalive would. */
const retries2 = shortened({ default: 15, to: 5 });

scenario(
	'unacknowledged data: no probes',
	{
		question:
			'Keepalive would give up a silent peer after 5 s. What happens if data is in flight when the ' +
			'peer falls silent?',
		claims: ['KH-idle2'],
		sysctls: { tcp_retries2: retries2 },
	},
	async ({ client, server, timeline, claim }) => {
		const keepalive = { time: 3, interval: 1, probes: 2 };
		await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.setOption('SO_KEEPALIVE', 1);
		await writer.setOption('TCP_KEEPINTVL', keepalive.interval);
		await writer.setOption('TCP_KEEPCNT', keepalive.probes);
		await writer.connect(server.port(8080));
		await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'keepalive' });

		await server.drop({ name: 'silence' });
		await writer.send('hello');
		// The idle time is set only now, because with nothing in flight a probe would be right. The kernel sets the timer
		// again at once (tcp_sock_set_keepidle_locked).
		await writer.setOption('TCP_KEEPIDLE', keepalive.time);
		// ss shows only one timer per socket, and retransmission has priority over keepalive (inet_sk_diag_fill).
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 5, timer: 'on' });
		const reading = writer.recv();
		await timeline.upToDate();
		const sent = timeline.segments('client').find(({ length }) => length > 0)?.t ?? 0;
		await expect(reading).toFailWith('ETIMEDOUT', { after: retransmissionTimeout({ retries2 }), since: sent });
		// Only retransmissions: no probe, and no RST at the end. How many depends on the measured RTO, and the tail-loss
		// probe adds one.
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> .',
			`${retries2 + 1}..${retries2 + 3}x > P. 5 dropped by silence`,
		);

		const seconds = reading.endedAt - sent;
		const dropped = timeline.segments('client').filter(({ fate }) => fate === 'dropped');
		claim(
			'KH-idle2',
			dropped.every(({ length }) => length > 0) && seconds > keepalive.time + keepalive.interval * keepalive.probes,
			{
				holds:
					'While data is in flight or waits to be sent, tcp_keepalive_timer only sets itself again. Retransmission, ' +
					'or the window probe, notices a dead peer.',
				differs: 'A probe was sent although data was unacknowledged, or keepalive gave the connection up.',
			},
		);
		return (
			`The data is retransmitted ${dropped.length - 1} times, no probe is sent, and after ${seconds.toFixed(1)} s ` +
			'the connection is given up, as tcp_retries2 says.'
		);
	},
);

/** The bounds as text, in seconds. */
function bounds({ atLeast, atMost }: { atLeast: number; atMost: number }): string {
	return `${atLeast.toFixed(2)} to ${atMost.toFixed(2)}`;
}
