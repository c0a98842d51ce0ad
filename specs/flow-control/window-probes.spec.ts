/**
 * What happens to a sender whose peer has no room any more? The server does not read, so its receive window closes. The
 * client then sends probes with a growing gap, to learn when the window opens (RFC 9293, 3.8.6.1). Without answers it
 * gives up after tcp_retries2 probes; with answers it never does.
 */
import {
	deviations,
	expect,
	gapsBetween,
	type ScenarioLab,
	scenario,
	shortened,
	spanOf,
	windowProbeGapsMs,
	windowProbeTimeoutMs,
} from '../../harness/index.ts';

const text = 'hello, this is a long story. '.repeat(7_000);

/** The client writes more than the server has room for. */
async function fill({ client, server, timeline }: ScenarioLab) {
	const listener = await server.socket();
	await listener.setOption('SO_RCVBUF', 4_096);
	await listener.listen(8080);
	const writer = await client.socket();
	await writer.connect(server.port(8080));
	const { returned: written } = await writer.send(text, 'MSG_DONTWAIT');
	// The timer is persist, not on: nothing is in flight that could be retransmitted; the window is probed.
	await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'persist' });
	// This also waits until all observers have reported the segment in which the server closed its window.
	await expect(timeline).toShowNoSegment('> F. sent');
	const closed =
		timeline.segments('server').find(({ window, flags }) => window === 0 && flags === '.')?.t ?? Number.NaN;
	return { listener, writer, written, closed };
}

/** The default is 15 and takes a quarter of an hour. In real time, 4 is enough to test the formula. */
const retries2 = shortened({ default: 15, to: 4 });

/** In the titles, kodos is the server. Titles stay, because they are the addresses of reports. */
const servers = [
	{ situation: 'kodos has accepted', accepts: true, judges: 'KH-zero1' },
	{ situation: 'nobody has accepted', accepts: false, judges: 'KH-zero3' },
] as const;

scenario.each(servers)(
	'probes without an answer: $situation',
	({ judges }) => ({
		question:
			'The server’s window is closed, and nothing reaches the server any more, so probes are not answered. How long ' +
			'does the client send them, and what do its calls return at the end?',
		claims: [judges],
		sysctls: { tcp_retries2: retries2 },
	}),
	async (lab, { accepts, judges }) => {
		const { client, server, timeline, step, claim, measured } = lab;
		const { listener, writer, closed } = await fill(lab);
		if (accepts) await listener.accept();
		const rtoMs = (await writer.info()).rto / 1_000;

		step('nothing reaches the server any more');
		await server.drop({ name: 'silence' });
		const reading = writer.recv();
		const limits = spanOf(windowProbeTimeoutMs({ retries2, rtoMs }));
		// The number that ss shows after the timer is the number of unanswered probes. The last one may be too short-lived
		// for ss, so the segments below show that it was sent.
		await expect(client).toHaveSocket(
			{ state: 'ESTAB', timer: 'persist', timerCount: { atLeast: retries2 - 1 } },
			{ after: { ...limits, atLeastMs: 0 } },
		);
		await expect(reading).toFailWith('ETIMEDOUT', { after: limits, since: closed });
		await expect(client).toHaveNoSocket();
		const { receiveQueue } = await expect(server).toHaveSocket({ state: 'ESTAB', timer: 'none' });
		expect(receiveQueue).toBeGreaterThan(0);

		await expect(timeline).toShowNoSegment('> R. sent');
		const lastAnswer = timeline.segments('server').at(-1)?.t ?? Number.NaN;
		const answered = timeline.probes('client').filter(({ t }) => t <= lastAnswer).length;
		const probes = timeline.probes('client').filter(({ t }) => t > lastAnswer);
		const gaps = gapsBetween([{ t: lastAnswer }, ...probes, { t: reading.endedAt }]);
		expect(deviations(gaps, windowProbeGapsMs({ retries2, answered, rtoMs }))).toEqual([]);
		const silent = !timeline.segments('client').some(({ flags }) => /[FR]/.test(flags));
		const took = reading.endedAt - closed;
		if (accepts && retries2 === 15) measured('closed window and silence, until ETIMEDOUT', took);
		const model = windowProbeTimeoutMs({ retries2: 15 }) / 1_000;
		const byDefault = retries2 === 15 ? took : model;
		// The claim says 15 minutes; a minute more or less is allowed.
		claim(
			judges,
			reading.event.errno === 'ETIMEDOUT' && probes.length === retries2 && silent && Math.abs(byDefault - 900) < 60,
			{
				holds: accepts
					? 'Each unanswered probe doubles the wait (tcp_send_probe0). After tcp_retries2 of them the kernel sets ' +
						`ETIMEDOUT and sends nothing (tcp_probe_timer, tcp_write_err): ${retries2} took ${took.toFixed(1)} s; ` +
						`the default, 15, means ${model} s.`
					: 'The window belongs to the kernel, not to the program. A connection that waits for accept has a ' +
						'receive buffer, too; its window closes when that is full, and the peer sends probes.',
				differs:
					'The connection did not end with ETIMEDOUT, or a FIN or RST was sent, or the number of probes was a ' +
					'different one.',
			},
		);
		expect(silent).toBe(true);
		return (
			`${probes.length} probes, with waits of ${gaps.map((ms) => (ms / 1_000).toFixed(1)).join(', ')} s, the last ` +
			`one after the last probe. Then the client’s read gives ${writer.process.results('read')}, ${took.toFixed(1)} ` +
			`s after the window closed (${model} s by default), and nothing is sent. The server is in ESTAB with ` +
			`${receiveQueue} bytes unread.`
		);
	},
);

/** The default is 15. The scenario waits for longer than this number of unanswered probes would take. */
const retriesWhenAnswered = shortened({ default: 15, to: 3 });

scenario(
	'probes with an answer',
	{
		question: 'The server’s window is closed, but its kernel answers the probes. How long does the client send them?',
		claims: ['KH-zero4'],
		sysctls: { tcp_retries2: retriesWhenAnswered },
	},
	async (lab) => {
		const { client, timeline, step, claim } = lab;
		const { listener, writer, written, closed } = await fill(lab);
		const reader = await listener.accept();

		step('the server does not read, but its kernel answers');
		// Longer than that number of unanswered probes would take. Only the end of the connection could wake this poll.
		const timeoutMs = windowProbeTimeoutMs({ retries2: retriesWhenAnswered + 1 });
		await expect(writer.poll(['POLLIN'], { timeoutMs })).toReturn(0, { after: spanOf(timeoutMs) });
		// Probes in quick succession may go unanswered: at most one in half a second is answered (tcp_oow_rate_limited).
		const exchange = ['> .', '< .'] as const;
		await expect(timeline).toShowSegments('...', ...exchange, ...exchange, ...exchange);
		const { timer, t } = await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'persist', timerCount: 0 });
		claim(
			'KH-zero4',
			timer?.name === 'persist' &&
				timeline.probes('client').length > retriesWhenAnswered &&
				(t - closed) * 1_000 > windowProbeTimeoutMs({ retries2: retriesWhenAnswered }),
			{
				holds:
					'Any ACK shows that the peer is alive and resets the count (tcp_ack: icsk_probes_out). So a sender keeps ' +
					'the connection as long as its probes are answered, as RFC 9293 (3.8.6.1) requires.',
				differs: 'The connection was given up although its probes were answered.',
			},
		);

		step('the server reads');
		let read = 0;
		while (read < written) read += (await reader.recv()).returned;
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0, timer: 'none' });
		expect(read).toBe(written);
		await timeline.upToDate();
		return (
			`Without a limit: after ${timeline.probes('client').length} probes the count is ${timer?.count}. When the ` +
			`server reads, all ${read} bytes arrive.`
		);
	},
);
