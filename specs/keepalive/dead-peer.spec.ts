/**
 * When does an idle connection learn that its peer is gone, and what do its calls return then? The wire loses
 * everything in one direction. A side with keepalive sends probes; when enough of them are unanswered, its kernel gives
 * the connection up with ETIMEDOUT. Without keepalive it would never learn.
 */
import { expect, gapsBetween, isTimerOf, keepaliveTimeout, scenario, shortened } from '../../harness/index.ts';

/** In seconds, as the options take them, and a count. The defaults are 7200 s, 75 s and 9. */
const keepalive = { time: 5, interval: 3, probes: 3 };

scenario(
	'probes: three without an answer, then a RST',
	{
		question:
			'The client has nothing to send, and keepalive is on. Nothing from it reaches the server any more. When does ' +
			'the client learn that, and what do its next calls return?',
		claims: ['KH-idle1', 'KH-idle5'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const idle = await client.socket();
		await idle.setOption('SO_KEEPALIVE', 1);
		await idle.setOption('TCP_KEEPIDLE', keepalive.time);
		await idle.setOption('TCP_KEEPINTVL', keepalive.interval);
		await idle.setOption('TCP_KEEPCNT', keepalive.probes);
		await idle.connect(server.port(8080));
		await listener.accept();

		await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'keepalive', timerCount: 0 });

		await server.drop({ name: 'silence' });
		await timeline.upToDate();
		const since = timeline.lastReceived('client', 8080);
		const reading = idle.recv();
		// Wait for both counts in parallel, because each lasts only for one interval. The third is too short-lived for ss;
		// the segments below show that its probe was sent.
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
		// A probe has no data, and a sequence number that was acknowledged before, so a live peer must answer it (RFC 9293,
		// 3.8.4). Giving up sends a RST.
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
		const dueSeconds = [0, 1, 2, 3].map((intervals) => keepalive.time + intervals * keepalive.interval);
		claim(
			'KH-idle1',
			seconds.length === dueSeconds.length &&
				dueSeconds.every((due, index) => isTimerOf((seconds[index] ?? 0) * 1_000, due * 1_000)),
			{
				holds:
					'The timer counts from the last segment that arrived (keepalive_time_elapsed). Each expiry sends a probe. ' +
					'The one that finds TCP_KEEPCNT probes unanswered sends a RST and sets ETIMEDOUT (tcp_keepalive_timer).',
				differs:
					`Probes and RST were sent after ${seconds.map((second) => second.toFixed(1)).join(', ')} s, not after ` +
					`${dueSeconds.join(', ')} s.`,
			},
		);

		step('the client continues');
		await expect(idle.recv()).toReturn(0);
		await expect(idle.send('still there?', 'MSG_NOSIGNAL')).toFailWith('EPIPE');
		await expect(idle.recv()).toReturn(0);
		const { process } = idle;
		claim('KH-idle5', process.results('read') === 'ETIMEDOUT, then 0, then 0' && process.results('write') === 'EPIPE', {
			holds:
				'Only one call returns the error (sock_error clears it). After that both directions are shut down ' +
				'(tcp_done): read returns 0, and write fails with EPIPE.',
			differs: `Reads gave ${process.results('read')}; writes gave ${process.results('write')}.`,
		});
		const probes = seconds.slice(0, -1).map((second) => second.toFixed(1));
		return (
			`Probes after ${probes.join(', ')} s, and a RST after ${seconds.at(-1)?.toFixed(1)} s (2 h 11 min with the ` +
			`defaults). The client’s reads give ${process.results('read')}; its write gives ${process.results('write')}.`
		);
	},
);

/** In seconds, and a count. The values of the claim; in real time a shorter idle time. */
const configured = shortened({
	default: { time: 30, interval: 5, probes: 3 },
	to: { time: 6, interval: 5, probes: 3 },
});

scenario(
	'sysctls: a server gives up a client that it does not hear',
	{
		question:
			'The server’s program turns keepalive on, and its times come from the sysctls. Nothing reaches the server any ' +
			'more. What does each side see?',
		claims: ['QI4'],
		needsIpv4: 'netcat-traditional has no IPv6',
		sysctls: {
			tcp_keepalive_time: configured.time,
			tcp_keepalive_intvl: configured.interval,
			tcp_keepalive_probes: configured.probes,
		},
	},
	async ({ client, server, timeline, claim }) => {
		const listener = await server.ncTraditional({ listen: 8080, keepalive: true });
		const caller = await client.ncTraditional({ connect: server.port(8080) });
		// accept returns the lowest free descriptor: 0 to 2 are the standard streams, 3 is the listener.
		await expect(listener).toHaveReturned('accept', 4);
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
		await expect(listener).toFail('read', 'ETIMEDOUT', { after: keepaliveTimeout(configured), since });
		// The client is alive and answers each probe, but its answers are lost. The RST arrives, because that direction
		// works.
		await expect(caller).toFail('read', 'ECONNRESET');
		const unanswered = ['< .', '> . dropped by silence'] as const;
		const answered = timeline.probes('server').flatMap(({ t }) => (t < since ? (['< .', '> .'] as const) : []));
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> .',
			...answered,
			...unanswered,
			...unanswered,
			...unanswered,
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
				listener.failed('read', 'ETIMEDOUT') &&
				caller.failed('read', 'ECONNRESET'),
			{
				holds:
					'tcp_keepalive_timer counts its probes in icsk_probes_out, which ss shows. When tcp_keepalive_probes of ' +
					`them are unanswered, it sends a RST. This run had a time of ${configured.time} s, ${configured.probes} ` +
					`probes and an interval of ${configured.interval} s.`,
				differs:
					`The server’s segments were ${gaps.map((gap) => gap.toFixed(1)).join(', ')} s apart. Its reads gave ` +
					`${listener.results('read')}, the client’s ${caller.results('read')}.`,
			},
		);
		return (
			`The server sends ${sent.length - 1} probes and a RST, ${gaps.map((gap) => gap.toFixed(1)).join(', ')} s ` +
			`apart. Its read gives ${listener.results('read')}, the client’s ${caller.results('read')}.`
		);
	},
);
