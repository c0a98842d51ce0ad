/**
 * How often is unacknowledged data sent again, and when is the connection given up? Everything is lost on its way to
 * the server. The client's kernel retransmits with a doubling timeout (RFC 6298). tcp_retries2 is not a number of
 * retransmissions: the kernel turns it into a time (tcp_model_timeout), and gives up at the first expiry after that.
 */
import {
	expect,
	gapsBetween,
	isTimerOf,
	RTO_MIN_MS,
	retransmissionExpiries,
	retransmissionGapsMs,
	retransmissionTimeout,
	retransmissionTimeoutMs,
	scenario,
	shortened,
} from '../../harness/index.ts';

/**
 * tcp_retries2 is 15 by default, which takes a quarter of an hour. tcp_early_retrans is 3 by default; 0 turns tail-loss
 * probes off. In the titles, a turn is an expiry of the retransmission timer.
 */
const rows = [
	{ turns: 'few turns, no tail-loss probe', retries2: 3, earlyRetrans: 0, claims: [] },
	{ turns: 'few turns', retries2: 3, earlyRetrans: 3, claims: [] },
	{ turns: 'many turns', retries2: shortened({ default: 15, to: 5 }), earlyRetrans: 3, claims: ['KH-dead1'] },
] as const;

scenario.each(rows)(
	'data lost: $turns',
	({ retries2, earlyRetrans, claims }) => ({
		question:
			'The client sends, and nothing arrives any more. When is the data sent again, and when does the client learn ' +
			`that it gives up, with tcp_retries2 = ${retries2}?`,
		claims,
		sysctls: { tcp_retries2: retries2, tcp_early_retrans: earlyRetrans },
	}),
	async ({ client, server, timeline, claim, measured }, { retries2, earlyRetrans, claims }) => {
		await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		await expect(server).toHaveSocket({ state: 'ESTAB' });
		const rtoMs = (await writer.info()).rto / 1_000;

		await server.drop({ name: 'silence' });
		const reading = writer.recv();
		const limits = retransmissionTimeout({ retries2 });
		const last = expect(client).toHaveSocket(
			{ state: 'ESTAB', sendQueue: 21, timer: 'on', timerCount: { atLeast: retries2 - 1 } },
			{ after: { ...limits, atLeastMs: 0 } },
		);
		await writer.send('hello, are you there?');
		await last;
		// ss counts the expiries of the retransmission timer. The tail-loss probe is not one of them.
		const counts = timeline.sockets('client').flatMap(({ timer }) => (timer?.name === 'on' ? [timer.count] : []));
		expect(counts).toEqual([...counts].sort((a, b) => a - b));
		await timeline.upToDate();
		const since = timeline.segments('client').find(({ length }) => length > 0)?.t ?? 0;
		await expect(reading).toFailWith('ETIMEDOUT', { after: limits, since });
		await expect(client).toHaveNoSocket();
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, timer: 'none' });
		// Always the same bytes; giving up sends nothing, no FIN and no RST. How many retransmissions there are depends on
		// the measured RTO, and the tail-loss probe adds one. The gaps are checked below.
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> .',
			'> P. 21 dropped by silence',
			`${retries2}..${retries2 + 3}x > P. 21 dropped by silence`,
		);

		// The tail-loss probe comes before the first expiry, and postpones it (RFC 8985, 7.2; tcp_send_loss_probe).
		const sent = timeline.segments('client').filter(({ fate }) => fate === 'dropped');
		// Most kernels report the expiry that gives up. The program that reads wakes up later.
		const gaveUp = timeline.errors('client').find(({ source }) => source === 'kernel')?.t ?? reading.endedAt;
		const gapsMs = gapsBetween([...sent.slice(earlyRetrans === 0 ? 0 : 1), { t: gaveUp }]);
		const modelMs = retransmissionGapsMs({ expiries: gapsMs.length, rtoMs });
		const doubling = gapsMs.every((gap, index) => isTimerOf(gap, modelMs[index] ?? Number.NaN));
		expect({ gapsMs, modelMs, doubling }).toMatchObject({ doubling: true });

		// The kernel gives up at the first expiry after the time of the formula, counted from the first expiry
		// (retransmits_timed_out). 10 ms are one jiffy with HZ = 100.
		const sinceFirstExpiryMs = (expiry: number) => gapsMs.slice(1, expiry).reduce((sum, gap) => sum + gap, 0);
		const budgetMs = retransmissionTimeoutMs({ retries2 });
		expect(sinceFirstExpiryMs(gapsMs.length)).toBeGreaterThanOrEqual(budgetMs - 10);
		expect(sinceFirstExpiryMs(gapsMs.length - 1)).toBeLessThan(budgetMs + 10);
		expect(gapsMs.length).toBeLessThanOrEqual(retransmissionExpiries({ retries2, rtoMs }));

		if (claims.length > 0) {
			const took = reading.endedAt - since;
			if (retries2 === 15) measured('DROP and one write, until ETIMEDOUT', took);
			const [firstAfterMs = Number.NaN] = gapsBetween(sent);
			const model = {
				expiries: retransmissionExpiries({ retries2: 15, rtoMs }),
				seconds: retransmissionTimeoutMs({ retries2: 15 }) / 1_000,
			};
			const byDefault = retries2 === 15 ? { expiries: gapsMs.length, seconds: took } : model;
			const silent = timeline.segments('client').every(({ flags }) => !/[FR]/.test(flags));
			// The claim says 16 expiries and 15 minutes; a minute more or less is allowed.
			claim(
				'KH-dead1',
				isTimerOf(firstAfterMs, RTO_MIN_MS) &&
					doubling &&
					silent &&
					byDefault.expiries === 16 &&
					Math.abs(byDefault.seconds - 900) < 60,
				{
					holds:
						`The first retransmission, after ${firstAfterMs.toFixed(0)} ms, is a tail-loss probe. Then the timer ` +
						`starts at TCP_RTO_MIN and the round-trip time (${rtoMs} ms), and doubles. tcp_retries2 is turned into a ` +
						`time (tcp_model_timeout): with ${retries2}, expiry number ${gapsMs.length} found that it had passed, ` +
						`after ${took.toFixed(1)} s; the default, 15, means ${model.seconds} s and expiry number ` +
						`${model.expiries}. tcp_write_err sends nothing.`,
					differs:
						`The first retransmission came after ${firstAfterMs.toFixed(0)} ms, the expiries were ` +
						`${gapsMs.map((gap) => gap.toFixed(0)).join(', ')} ms apart, and the kernel gave up after ` +
						`${took.toFixed(1)} s; the default, 15, means ${model.seconds} s and expiry number ${model.expiries}.`,
				},
			);
		}
		const seconds = (t: number) => (t - since).toFixed(1);
		const again = sent.slice(1).map(({ t }) => seconds(t));
		const shownCounts = [...new Set(counts)].join(', ');
		return (
			`It is sent again after ${again.join(', ')} s, and ss counts ${shownCounts}, …; ETIMEDOUT after ` +
			`${seconds(reading.endedAt)} s. tcp_retries2 = ${retries2} is not a count but a time, ${budgetMs / 1_000} s ` +
			'from the first expiry of the timer.'
		);
	},
);
