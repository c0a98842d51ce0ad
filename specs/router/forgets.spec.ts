/**
 * What does each side learn when a stateful firewall between them has forgotten their idle connection? The firewall is
 * the kernel's connection tracking (conntrack), which forgets a connection after a time without packets. Forgetting
 * sends nothing. So both hosts learn it only when one of them sends, and from nothing but the firewall's answer.
 */
import {
	expect,
	keepaliveTimeout,
	retransmissionTimeout,
	type Socket,
	scenario,
	shortened,
	spanOf,
} from '../../harness/index.ts';

/**
 * In seconds: the least that RFC 5382, REQ-5 allows a box. conntrack's own default is five days
 * (nf_conntrack-sysctl.rst, nf_conntrack_tcp_timeout_established), which takes too long even in virtual time.
 */
const established = shortened({ default: 7_440, to: 2 });
/** The default is 15 and takes 15 minutes. */
const retries2 = shortened({ default: 15, to: 3 });

scenario(
	'a firewall that drops: the writer, and the silent reader',
	{
		question:
			'A firewall has forgotten an idle connection, and drops its segments. What do the side that writes and the side ' +
			'that only reads learn?',
		claims: ['WI-forget1', 'WI-forget2'],
		between: 'router',
		sysctls: { tcp_retries2: retries2 },
	},
	async ({ client, server, router, timeline, step, claim }) => {
		await router.firewall({ name: 'wall', timeoutSeconds: { established } });
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		const reading = reader.recv();
		const known = await expect(router).toHaveConnection({
			state: 'ESTABLISHED',
			destinationPort: 8080,
			replied: true,
			// Each packet starts the timeout again. The kernel tells whole seconds, rounded down.
			timeLeft: { atLeastMs: 0, atMostMs: established * 1_000 },
		});
		await timeline.upToDate();
		const since = timeline.segments().at(-1)?.t ?? 0;
		const forgotten = await expect(router).toHaveNoConnection({}, { after: spanOf(established * 1_000), since });

		step('the firewall has forgotten the connection');
		await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'none' });
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, timer: 'none' });
		await expect(timeline).toShowSegments('> S', '< S.', '> .');
		const states = () => [client, server].map(({ name }) => timeline.sockets(name).at(-1)?.state);
		claim(
			'WI-forget1',
			known.assured && timeline.segments().every(({ t }) => t <= since) && states().every((state) => state === 'ESTAB'),
			{
				holds:
					'The timeout of conntrack runs out (nf_ct_is_expired), and its entry is freed without a packet: ' +
					`${(forgotten.t - since).toFixed(0)} s after the handshake. The endpoints are ESTAB without a timer.`,
				differs: `The last states were ${states().join(' and ')}; ${timeline.segments().length} segments were sent.`,
			},
		);

		step('the client writes');
		const reply = writer.recv();
		await expect(writer.send('hello')).toReturn(5);
		await expect(reply).toFailWith('ETIMEDOUT', { after: retransmissionTimeout({ retries2 }) });
		await expect(client).toHaveNoSocket();
		// Without nf_conntrack_tcp_loose, tcp_new takes up nothing in the middle: the segment is INVALID.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', `${retries2}..x > P. 5 dropped by wall`);

		step('the server waits on');
		// Nothing told its kernel: giving up sends no segment (tcp_write_err, tcp_done).
		await expect(reading).toBlock({ forMs: shortened({ default: 7_200_000, to: 1_000 }) });
		const waiting = await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, timer: 'none' });
		claim(
			'WI-forget2',
			writer.process.results('read') === 'ETIMEDOUT' &&
				timeline.segments().every(({ t, by }) => t <= since || by === 'wall') &&
				waiting.receiveQueue === 0,
			{
				holds:
					'To the writer, a firewall that drops is a peer that is gone (tcp_write_timeout). The reader gets nothing, ' +
					'and an established connection without data has no timer.',
				differs:
					`The writer’s reads gave ${writer.process.results('read')}; the reader’s socket had ` +
					`${waiting.receiveQueue} bytes to read.`,
			},
		);
		const attempts = timeline.segments('client').filter(({ by }) => by === 'wall').length;
		return (
			`The write succeeds, its data is sent ${attempts} times and dropped, and the next call gives ` +
			`${writer.process.results('read')}. The reader learns nothing: its socket stays ESTAB.`
		);
	},
);

scenario(
	'a firewall that answers with a RST: the writer, and the silent reader',
	{
		question: 'The firewall answers segments of a connection that it has forgotten. What does each side learn?',
		claims: ['WI-forget3'],
		between: 'router',
	},
	async ({ client, server, router, timeline, step, claim }) => {
		await router.firewall({ name: 'wall', timeoutSeconds: { established: 2 }, answer: 'reset' });
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		const reading = reader.recv();
		await timeline.upToDate();
		const since = timeline.segments().at(-1)?.t ?? 0;
		await expect(router).toHaveNoConnection({}, { after: spanOf(2_000), since });

		step('the client writes');
		await expect(writer.send('hello')).toReturn(5);
		await expect(timeline).toShowSegment('< R forged');
		await expect(writer.recv()).toFailWith('ECONNRESET');
		await expect(client).toHaveNoSocket();
		// The RST goes back to the sender only.
		await expect(reading).toBlock({ forMs: 500 });
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, timer: 'none' });

		step('the server writes');
		// Sent by the firewall, in the client's name.
		await expect(reader.send('still there?')).toReturn(12);
		await expect(timeline).toShowSegment('> R forged');
		await expect(reading).toFailWith('ECONNRESET');
		await expect(server).toHaveNoSocket({ state: 'ESTAB' });
		const forged = timeline.segments('router').filter(({ origin }) => origin === 'firewall');
		const told = forged.map(({ receiver }) => receiver).join(', ');
		claim(
			'WI-forget3',
			[writer, reader].every(({ process }) => process.results('read') === 'ECONNRESET') && told === 'client, server',
			{
				holds:
					'The RST has the sequence number that the segment acknowledged, so the kernel believes it (tcp_reset; RFC ' +
					'5961, 3.2). The firewall sends it to the sender of the segment; the other side learns it by its own segment.',
				differs:
					`RSTs went to ${told || 'nobody'}; reads gave ${writer.process.results('read')} at the client and ` +
					`${reader.process.results('read')} at the server.`,
			},
		);
		return (
			`The write succeeds, and the next call gives ${writer.process.results('read')}. The reader is not told. When it ` +
			`writes, too, it gets a RST of its own: ${reader.process.results('read')}.`
		);
	},
);

/** Turns keepalive on. The times are in seconds, as the options take them. */
async function setKeepalive(
	socket: Socket,
	{ time, interval, probes }: { readonly time: number; readonly interval: number; readonly probes: number },
): Promise<void> {
	await socket.setOption('SO_KEEPALIVE', 1);
	await socket.setOption('TCP_KEEPIDLE', time);
	await socket.setOption('TCP_KEEPINTVL', interval);
	await socket.setOption('TCP_KEEPCNT', probes);
}

/**
 * In seconds: keepalive's defaults (RFC 1122, 4.2.3.6), and the least that RFC 5382, REQ-5 allows a box. After a probe
 * the kernel waits for the interval, even if the time is shorter (tcp_keepalive_timer).
 */
const below = shortened({
	default: { time: 7_200, interval: 75, established: 7_440 },
	to: { time: 2, interval: 2, established: 5 },
});

scenario(
	'keepalive below the timeout of the firewall',
	{
		question: 'Keepalive sends its probes more often than the firewall forgets. What does the firewall know?',
		claims: ['WI-forget4'],
		between: 'router',
	},
	async ({ client, server, router, timeline, step, claim }) => {
		const { established, ...keepalive } = below;
		await router.firewall({ name: 'wall', timeoutSeconds: { established } });
		const listener = await (await server.socket()).listen(8080);
		const idle = await client.socket();
		await setKeepalive(idle, { ...keepalive, probes: 9 });
		await idle.connect(server.port(8080));
		const reader = await listener.accept();
		const before = await expect(router).toHaveConnection({ state: 'ESTABLISHED', replied: true });

		// After three probes, the timeout has passed since the handshake.
		await expect(timeline).toShowSegment('3..x < .', { after: spanOf(3 * keepalive.time * 1_000) });
		const after = await expect(router).toHaveConnection({
			state: 'ESTABLISHED',
			// The probe and its answer have started the timeout again.
			timeLeft: { atLeastMs: (established - keepalive.time) * 1_000 },
		});

		step('the client writes');
		await expect(idle.send('hello')).toReturn(5);
		await expect(reader.recv()).toReturn(5);
		await timeline.upToDate();
		const probes = timeline.probes('client').length;
		const lost = timeline.segments().filter(({ fate }) => fate !== 'delivered').length;
		claim('WI-forget4', before.id === after.id && after.t - before.t > established && lost === 0, {
			holds:
				`Each of ${probes} probes, sent ${keepalive.time} s after the last packet, starts the timeout of ${established} s again ` +
				`(nf_ct_refresh_acct): ${(after.t - before.t).toFixed(0)} s later it is the same entry, with ` +
				`${after.secondsLeft} s left.`,
			differs: `${lost} segments were lost, after ${probes} probes in ${(after.t - before.t).toFixed(0)} s.`,
		});
		return (
			`After ${probes} probes and ${(after.t - before.t).toFixed(0)} s, it knows the connection with ` +
			`${after.secondsLeft} s of ${established} s left, and forwards the data.`
		);
	},
);

/** In seconds, and a count: keepalive's defaults, and a balancer that forgets after 350 s. */
const above = shortened({
	default: { time: 7_200, interval: 75, probes: 9, established: 350 },
	to: { time: 4, interval: 1, probes: 3, established: 2 },
});

scenario(
	'keepalive above the timeout of the firewall',
	{
		question: 'The firewall forgets sooner than keepalive sends its first probe. What does keepalive achieve?',
		claims: ['WI-forget5'],
		between: 'router',
	},
	async ({ client, server, router, timeline, claim }) => {
		const { established, ...keepalive } = above;
		await router.firewall({ name: 'wall', timeoutSeconds: { established } });
		const listener = await (await server.socket()).listen(8080);
		const idle = await client.socket();
		await setKeepalive(idle, keepalive);
		await idle.connect(server.port(8080));
		await listener.accept();
		await timeline.upToDate();
		const since = timeline.lastReceived('client', 8080);
		const reading = idle.recv();
		await expect(router).toHaveNoConnection({}, { after: spanOf(established * 1_000), since });
		await expect(reading).toFailWith('ETIMEDOUT', { after: keepaliveTimeout(keepalive), since });
		// The probes, and the RST that gives up (tcp_keepalive_timer). A RST is INVALID, too.
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> .',
			`${keepalive.probes}x > . dropped by wall`,
			'> R. dropped by wall',
		);
		await expect(client).toHaveNoSocket();
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, timer: 'none' });
		const [first] = timeline.probes('client');
		const results = idle.process.results('read');
		claim('WI-forget5', first?.by === 'wall' && results === 'ETIMEDOUT', {
			holds:
				'The probe has the sequence number of a segment that was acknowledged. It begins no connection, so the ' +
				`firewall drops it; after ${keepalive.probes} without an answer, the kernel gives up.`,
			differs: `The first probe was ${first?.fate ?? 'not sent'}; the reads gave ${results}.`,
		});
		return (
			'It does not keep the connection, but reports that it is gone: ' +
			`${results} after ${(reading.endedAt - since).toFixed(1)} s. The server is not told.`
		);
	},
);
