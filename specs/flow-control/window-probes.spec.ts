/** What happens to a sender whose peer has no room any more? */
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

const story = 'kodos, this is a long story. '.repeat(7_000);

/** kang writes more than kodos has room for. */
async function fill({ client, server, timeline }: ScenarioLab) {
	const listener = await server.socket();
	await listener.setOption('SO_RCVBUF', 4_096);
	await listener.listen(8080);
	const kang = await client.socket();
	await kang.connect(server.port(8080));
	const { returned: written } = await kang.send(story, 'MSG_DONTWAIT');
	// Its timer is no retransmission: there is nothing on its way. It is to ask for the window.
	await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'persist' });
	// All observers have told by now: kodos said that it has no room left.
	await expect(timeline).toShowNoSegment('> F. sent');
	const closed =
		timeline.segments('server').find(({ window, flags }) => window === 0 && flags === '.')?.t ?? Number.NaN;
	return { listener, kang, written, closed };
}

/** The default is 15 and takes a quarter of an hour; where that costs as much, 4 proves the formula that says so. */
const retries2 = shortened({ default: 15, to: 4 });

const servers = [
	{ kodos: 'kodos has accepted', accepts: true, judges: 'KH-zero1' },
	{ kodos: 'nobody has accepted', accepts: false, judges: 'KH-zero3' },
] as const;

scenario.each(servers)(
	'probes without an answer: $kodos',
	({ judges }) => ({
		question:
			'kodos’ window is closed, and nothing of it is heard any more. How long does kang ask, and what does it tell ' +
			'in the end?',
		claims: [judges],
		sysctls: { tcp_retries2: retries2 },
	}),
	async (lab, { accepts, judges }) => {
		const { client, server, timeline, step, claim, measured } = lab;
		const { listener, kang, closed } = await fill(lab);
		if (accepts) await listener.accept();
		const rtoMs = (await kang.info()).rto / 1_000;

		step('kodos is no longer to be heard');
		await server.drop({ name: 'silence' });
		const reading = kang.recv();
		const patience = spanOf(windowProbeTimeoutMs({ retries2, rtoMs }));
		// The number that ss shows behind the timer is that of the probes without an answer. The last is over soon: that it
		// is sent the segments tell.
		await expect(client).toHaveSocket(
			{ state: 'ESTAB', timer: 'persist', timerCount: { atLeast: retries2 - 1 } },
			{ after: { ...patience, atLeastMs: 0 } },
		);
		await expect(reading).toFailWith('ETIMEDOUT', { after: patience, since: closed });
		await expect(client).toHaveNoSocket();
		const { receiveQueue } = await expect(server).toHaveSocket({ state: 'ESTAB', timer: 'none' });
		expect(receiveQueue).toBeGreaterThan(0);

		await expect(timeline).toShowNoSegment('> R. sent');
		const heard = timeline.segments('server').at(-1)?.t ?? Number.NaN;
		const answered = timeline.probes('client').filter(({ t }) => t <= heard).length;
		const probes = timeline.probes('client').filter(({ t }) => t > heard);
		const gaps = gapsBetween([{ t: heard }, ...probes, { t: reading.endedAt }]);
		expect(deviations(gaps, windowProbeGapsMs({ retries2, answered, rtoMs }))).toEqual([]);
		const silent = !timeline.segments('client').some(({ flags }) => /[FR]/.test(flags));
		const took = reading.endedAt - closed;
		if (accepts && retries2 === 15) measured('closed window and silence, until ETIMEDOUT', took);
		const model = windowProbeTimeoutMs({ retries2: 15 }) / 1_000;
		const byDefault = retries2 === 15 ? took : model;
		claim(
			judges,
			reading.event.errno === 'ETIMEDOUT' && probes.length === retries2 && silent && Math.abs(byDefault - 900) < 60,
			{
				holds: accepts
					? 'Each unanswered probe doubles the wait (tcp_send_probe0), and after tcp_retries2 of them the kernel ' +
						`sets ETIMEDOUT and sends nothing (tcp_probe_timer, tcp_write_err): ${retries2} took ${took.toFixed(1)} ` +
						`s; the default, 15, is ${model} s.`
					: 'The window is the kernel’s, not the program’s: a connection that waits to be accepted has a receive ' +
						'buffer and closes it, and its peer probes, as any other.',
				differs:
					'The connection ended otherwise than with ETIMEDOUT, or with a segment, or after another number of probes.',
			},
		);
		expect(silent).toBe(true);
		return (
			`${probes.length} probes, after waits of ${gaps.map((ms) => (ms / 1_000).toFixed(1)).join(', ')} s with the ` +
			`one behind the last; then its read gives ${kang.process.results('read')}, ${took.toFixed(1)} s after the ` +
			`window closed (${model} s is the default), and nothing is sent. kodos is ESTAB with ${receiveQueue} bytes ` +
			'unread.'
		);
	},
);

/** So many silences would have been the end; the default is 15. */
const few = shortened({ default: 15, to: 3 });

scenario(
	'probes with an answer',
	{
		question: 'kodos’ window is closed, but kodos’ kernel is there. How long does kang ask?',
		claims: ['KH-zero4'],
		sysctls: { tcp_retries2: few },
	},
	async (lab) => {
		const { client, timeline, step, claim } = lab;
		const { listener, kang, written, closed } = await fill(lab);
		const kodos = await listener.accept();

		step('kodos does not read, but its kernel answers');
		// Longer than so many silences would have taken; nothing but the end of the connection could wake kang.
		const timeoutMs = windowProbeTimeoutMs({ retries2: few + 1 });
		await expect(kang.poll(['POLLIN'], { timeoutMs })).toReturn(0, { after: spanOf(timeoutMs) });
		// Quick probes may go without an answer: no more than two in a second get one (tcp_oow_rate_limited).
		const exchange = ['> .', '< .'] as const;
		await expect(timeline).toShowSegments('...', ...exchange, ...exchange, ...exchange);
		const { timer, t } = await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'persist', timerCount: 0 });
		claim(
			'KH-zero4',
			timer?.name === 'persist' &&
				timeline.probes('client').length > few &&
				(t - closed) * 1_000 > windowProbeTimeoutMs({ retries2: few }),
			{
				holds:
					'Any ACK says that the peer lives and sets the count back (tcp_ack: icsk_probes_out), so a sender ' +
					'stays for as long as its probes are answered, as RFC 9293 (3.8.6.1) demands.',
				differs: 'The connection was given up, though its probes were answered.',
			},
		);

		step('kodos reads');
		let read = 0;
		while (read < written) read += (await kodos.recv()).returned;
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0, timer: 'none' });
		expect(read).toBe(written);
		await timeline.upToDate();
		return (
			`For any time: after ${timeline.probes('client').length} probes the count is ${timer?.count}. As soon as ` +
			`kodos reads, all ${read} bytes arrive.`
		);
	},
);
