/** How often is data sent again that nobody acknowledges, and when is the connection given up? */
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
 * tcp_retries2: 15 by default, which takes a quarter of an hour; and tcp_early_retrans: 3 by default, 0 for no
 * tail-loss probe.
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
			'kang sends, and nothing arrives any more. When is it sent again, and when does kang know that it is in ' +
			`vain, with tcp_retries2 = ${retries2}?`,
		claims,
		sysctls: { tcp_retries2: retries2, tcp_early_retrans: earlyRetrans },
	}),
	async ({ client, server, timeline, claim, measured }, { retries2, earlyRetrans, claims }) => {
		await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.connect(server.port(8080));
		await expect(server).toHaveSocket({ state: 'ESTAB' });
		const rtoMs = (await kang.info()).rto / 1_000;

		await server.drop({ name: 'silence' });
		const reading = kang.recv();
		const patience = retransmissionTimeout({ retries2 });
		const last = expect(client).toHaveSocket(
			{ state: 'ESTAB', sendQueue: 21, timer: 'on', timerCount: { atLeast: retries2 - 1 } },
			{ after: { ...patience, atLeastMs: 0 } },
		);
		await kang.send('kodos, are you there?');
		await last;
		// ss counts the turns of the retransmission timer, of which the tail-loss probe is none.
		const counts = timeline.sockets('client').flatMap(({ timer }) => (timer?.name === 'on' ? [timer.count] : []));
		expect(counts).toEqual([...counts].sort((a, b) => a - b));
		await timeline.upToDate();
		const since = timeline.segments('client').find(({ length }) => length > 0)?.t ?? 0;
		await expect(reading).toFailWith('ETIMEDOUT', { after: patience, since });
		await expect(client).toHaveNoSocket();
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, timer: 'none' });
		// The same bytes again and again; giving up sends nothing, no FIN and no RST.
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> .',
			'> P. 21 dropped by silence',
			`${retries2}..${retries2 + 3}x > P. 21 dropped by silence`,
		);

		// The tail-loss probe comes before the first turn, which is put off by it (RFC 8985, 7.2; tcp_send_loss_probe).
		const sent = timeline.segments('client').filter(({ fate }) => fate === 'dropped');
		// The kernel tells of the turn that gives up, on most kernels; who reads wakes up later.
		const gaveUp = timeline.errors('client').find(({ source }) => source === 'kernel')?.t ?? reading.endedAt;
		const gapsMs = gapsBetween([...sent.slice(earlyRetrans === 0 ? 0 : 1), { t: gaveUp }]);
		const modelMs = retransmissionGapsMs({ expiries: gapsMs.length, rtoMs });
		const doubling = gapsMs.every((gap, index) => isTimerOf(gap, modelMs[index] ?? Number.NaN));
		expect({ gapsMs, modelMs, doubling }).toMatchObject({ doubling: true });

		// The turn that gives up is the first after the time of the formula, counted from the first turn
		// (retransmits_timed_out).
		const sinceFirstTurnMs = (turn: number) => gapsMs.slice(1, turn).reduce((sum, gap) => sum + gap, 0);
		const budgetMs = retransmissionTimeoutMs({ retries2 });
		expect(sinceFirstTurnMs(gapsMs.length)).toBeGreaterThanOrEqual(budgetMs - 10);
		expect(sinceFirstTurnMs(gapsMs.length - 1)).toBeLessThan(budgetMs + 10);
		expect(gapsMs.length).toBeLessThanOrEqual(retransmissionExpiries({ retries2, rtoMs }));

		if (claims.length > 0) {
			const took = reading.endedAt - since;
			if (retries2 === 15) measured('DROP and one write, until ETIMEDOUT', took);
			const [firstAfterMs = Number.NaN] = gapsBetween(sent);
			const model = {
				turns: retransmissionExpiries({ retries2: 15, rtoMs }),
				seconds: retransmissionTimeoutMs({ retries2: 15 }) / 1_000,
			};
			const byDefault = retries2 === 15 ? { turns: gapsMs.length, seconds: took } : model;
			const silent = timeline.segments('client').every(({ flags }) => !/[FR]/.test(flags));
			claim(
				'KH-dead1',
				isTimerOf(firstAfterMs, RTO_MIN_MS) &&
					doubling &&
					silent &&
					byDefault.turns === 16 &&
					Math.abs(byDefault.seconds - 900) < 60,
				{
					holds:
						`The first after ${firstAfterMs.toFixed(0)} ms is a tail-loss probe, then the timer starts at ` +
						`TCP_RTO_MIN and the round-trip time (${rtoMs} ms) and doubles. tcp_retries2 is a time ` +
						`(tcp_model_timeout): ${retries2} was found passed by the turn number ${gapsMs.length}, after ` +
						`${took.toFixed(1)} s; the default, 15, is ${model.seconds} s and turn number ${model.turns}. ` +
						'tcp_write_err sends nothing.',
					differs:
						`The first came after ${firstAfterMs.toFixed(0)} ms, the turns ` +
						`${gapsMs.map((gap) => gap.toFixed(0)).join(', ')} ms apart, and gave up after ${took.toFixed(1)} s; ` +
						`the default, 15, is ${model.seconds} s and turn number ${model.turns}.`,
				},
			);
		}
		const seconds = (t: number) => (t - since).toFixed(1);
		const again = sent.slice(1).map(({ t }) => seconds(t));
		const counted = [...new Set(counts)].join(', ');
		return (
			`Again after ${again.join(', ')} s, and ss counts ${counted}, …; ETIMEDOUT after ${seconds(reading.endedAt)} ` +
			`s. tcp_retries2 = ${retries2} is no count but a time, ${budgetMs / 1_000} s from the first turn of the ` +
			'timer.'
		);
	},
);
