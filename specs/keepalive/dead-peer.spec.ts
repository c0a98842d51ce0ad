/** When does an idle connection learn that its peer is gone, and what do its calls tell? */
import { expect, gapsBetween, isTimerOf, keepaliveTimeout, scenario, shortened } from '../../harness/index.ts';

/** In seconds, as the options are; the defaults are 7200 s, 75 s and 9. */
const keepalive = { time: 5, interval: 3, probes: 3 };

scenario(
	'probes: three without an answer, then a RST',
	{
		question:
			'kang has nothing to send, and keepalive is on. Nothing of it arrives any more. When does kang know, and ' +
			'what do its next calls give?',
		claims: ['KH-idle1', 'KH-idle5'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.setOption('SO_KEEPALIVE', 1);
		await kang.setOption('TCP_KEEPIDLE', keepalive.time);
		await kang.setOption('TCP_KEEPINTVL', keepalive.interval);
		await kang.setOption('TCP_KEEPCNT', keepalive.probes);
		await kang.connect(server.port(8080));
		await listener.accept();

		await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'keepalive', timerCount: 0 });

		await server.drop({ name: 'silence' });
		await timeline.upToDate();
		const since = timeline.lastReceived('client', 8080);
		const reading = kang.recv();
		// Side by side, for no count lasts long. The last is over soonest: that its probe is sent the segments tell.
		await Promise.all(
			[1, 2].map((sent) => {
				const after = keepaliveTimeout({ ...keepalive, probes: sent - 1 });
				return expect(client).toHaveSocket(
					{ state: 'ESTAB', timer: 'keepalive', timerCount: { atLeast: sent } },
					{ after, since },
				);
			}),
		);
		await expect(reading).toFailWith('ETIMEDOUT', { after: keepaliveTimeout(keepalive), since });
		await expect(client).toHaveNoSocket();
		// Probes carry no data, and a number that was acknowledged already: whoever lives must answer (RFC 9293, 3.8.4).
		// Giving up is a RST.
		const answered = timeline.probes('client').flatMap(({ t }) => (t < since ? (['> .', '< .'] as const) : []));
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> .',
			...answered,
			'3x > . dropped by silence',
			'> R. dropped by silence',
		);
		await expect(server).toHaveSocket({
			state: 'ESTAB',
			localPort: 8080,
			remotePort: timeline.segments('client')[0]?.from.port ?? 0,
		});

		const seconds = timeline.segments('client', 8080).flatMap(({ t, fate }) => (fate === 'dropped' ? [t - since] : []));
		const turns = [0, 1, 2, 3].map((turn) => keepalive.time + turn * keepalive.interval);
		claim(
			'KH-idle1',
			seconds.length === turns.length &&
				turns.every((turn, index) => isTimerOf((seconds[index] ?? 0) * 1_000, turn * 1_000)),
			{
				holds:
					'The timer counts from the last segment that came (keepalive_time_elapsed); each turn sends a probe, and ' +
					'the one that finds TCP_KEEPCNT of them unanswered sends a RST and sets ETIMEDOUT (tcp_keepalive_timer).',
				differs:
					`Probes and RST left at ${seconds.map((second) => second.toFixed(1)).join(', ')} s, not at ` +
					`${turns.join(', ')} s.`,
			},
		);

		step('kang goes on');
		await expect(kang.recv()).toReturn(0);
		await expect(kang.send('still there?', 'MSG_NOSIGNAL')).toFailWith('EPIPE');
		await expect(kang.recv()).toReturn(0);
		const { process } = kang;
		claim('KH-idle5', process.results('read') === 'ETIMEDOUT, then 0, then 0' && process.results('write') === 'EPIPE', {
			holds:
				'The error is told once (sock_error clears it); after that both directions are shut down (tcp_done): ' +
				'read returns 0 and write fails with EPIPE.',
			differs: `Reads gave ${process.results('read')}; writes gave ${process.results('write')}.`,
		});
		const probes = seconds.slice(0, -1).map((second) => second.toFixed(1));
		return (
			`Probes after ${probes.join(', ')} s, a RST after ${seconds.at(-1)?.toFixed(1)} s (2 h 11 min with the ` +
			`defaults). Its reads give ${process.results('read')}; its write gives ${process.results('write')}.`
		);
	},
);

/** In seconds, as the sysctls are: the claim’s own. */
const configured = shortened({
	default: { time: 30, interval: 5, probes: 3 },
	to: { time: 6, interval: 5, probes: 3 },
});

scenario(
	'sysctls: a server gives up a client that it does not hear',
	{
		question:
			'The server’s program turns keepalive on, the times are the system’s. Nothing reaches the server any more. ' +
			'What does either side see?',
		claims: ['QI4'],
		sysctls: {
			tcp_keepalive_time: configured.time,
			tcp_keepalive_intvl: configured.interval,
			tcp_keepalive_probes: configured.probes,
		},
	},
	async ({ client, server, timeline, claim }) => {
		const kodos = await server.ncTraditional({ listen: 8080, keepalive: true });
		const kang = await client.ncTraditional({ connect: server.port(8080) });
		await expect(kodos).toHaveReturned('accept', 4);
		await expect(server).toHaveSocket({ state: 'ESTAB', timer: 'keepalive', timerCount: 0 });

		await server.drop({ name: 'silence' });
		await timeline.upToDate();
		const since = timeline.lastReceived('server', timeline.segments('client')[0]?.from.port ?? 0);
		await Promise.all(
			[1, 2].map((sent) => {
				const after = keepaliveTimeout({ ...configured, probes: sent - 1 });
				return expect(server).toHaveSocket(
					{ state: 'ESTAB', timer: 'keepalive', timerCount: { atLeast: sent } },
					{ after, since },
				);
			}),
		);
		await expect(kodos).toFail('read', 'ETIMEDOUT', { after: keepaliveTimeout(configured), since });
		// The client lives and answers each probe; the server does not hear it. The RST goes the way that is not broken.
		await expect(kang).toFail('read', 'ECONNRESET');
		const unheard = ['< .', '> . dropped by silence'] as const;
		const answered = timeline.probes('server').flatMap(({ t }) => (t < since ? (['< .', '> .'] as const) : []));
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> .',
			...answered,
			...unheard,
			...unheard,
			...unheard,
			'< R.',
		);

		const sent = timeline.segments('server').filter(({ t }) => t > since);
		const gapsMs = gapsBetween([{ t: since }, ...sent]);
		const spaced = gapsMs.every((gap, turn) =>
			isTimerOf(gap, (turn === 0 ? configured.time : configured.interval) * 1_000),
		);
		const gaps = gapsMs.map((gap) => gap / 1_000);
		claim(
			'QI4',
			sent.length === configured.probes + 1 &&
				spaced &&
				kodos.failed('read', 'ETIMEDOUT') &&
				kang.failed('read', 'ECONNRESET'),
			{
				holds:
					'tcp_keepalive_timer counts its probes in icsk_probes_out, which ss shows; with tcp_keepalive_probes of ' +
					`them unanswered it sends a RST. Shown with a time of ${configured.time} s, ${configured.probes} probes ` +
					`and an interval of ${configured.interval} s.`,
				differs:
					`The server’s segments came ${gaps.map((gap) => gap.toFixed(1)).join(', ')} s apart; its reads gave ` +
					`${kodos.results('read')}, the client’s ${kang.results('read')}.`,
			},
		);
		return (
			`The server sends ${sent.length - 1} probes and a RST, ${gaps.map((gap) => gap.toFixed(1)).join(', ')} s ` +
			`apart. Its read gives ${kodos.results('read')}, the client’s ${kang.results('read')}.`
		);
	},
);
