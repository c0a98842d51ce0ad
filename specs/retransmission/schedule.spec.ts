/** How often is data sent again that nobody acknowledges, and when is the connection given up? */
import {
	expect,
	gapsBetween,
	isTimerOf,
	RTO_MIN_MS,
	retransmissionGapsMs,
	retransmissionTimeout,
	retransmissionTimeoutMs,
	retransmissionTurns,
	scenario,
} from '../../harness/index.ts';

/** tcp_retries2: 15 by default, which takes a quarter of an hour; and tcp_early_retrans: 3 by default, 0 for no tail-loss probe. */
const rows = [
	{ retries2: 3, earlyRetrans: 0 },
	{ retries2: 3, earlyRetrans: 3 },
	{ retries2: 5, earlyRetrans: 3 },
];

scenario.each(rows)(
	'tcp_retries2 = $retries2, tcp_early_retrans = $earlyRetrans',
	({ retries2, earlyRetrans }) => ({
		question: 'kang sends, and nothing arrives any more. When is it sent again, and when does kang know that it is in vain?',
		claims: retries2 === 5 ? ['KH-dead1'] : [],
		sysctls: { tcp_retries2: retries2, tcp_early_retrans: earlyRetrans },
	}),
	async ({ client, server, timeline, claim }, { retries2, earlyRetrans }) => {
		await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.connect(server.port(8080));
		await expect(server).toHaveSocket({ state: 'ESTAB' });
		const rtoMs = (await kang.info()).rto / 1_000;

		await server.drop({ name: 'silence' });
		const reading = kang.recv();
		const last = expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 21, timer: 'on', timerCount: retries2 });
		await kang.send('kodos, are you there?');
		await last;
		// ss counts the turns of the retransmission timer, of which the tail-loss probe is none.
		const counts = timeline.sockets('client').flatMap(({ timer }) => (timer?.name === 'on' ? [timer.count] : []));
		expect(counts).toEqual([...counts].sort((a, b) => a - b));
		await timeline.upToDate();
		const since = timeline.segments('client').find(({ length }) => length > 0)?.t ?? 0;
		await expect(reading).toFailWith('ETIMEDOUT', { after: retransmissionTimeout({ retries2 }), since });
		await expect(client).toHaveNoSocket();
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, timer: 'none' });
		// The same bytes again and again; giving up sends nothing, no FIN and no RST.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 21 dropped by silence', '3..8x > P. 21 dropped by silence');

		// The tail-loss probe comes before the first turn, which is put off by it (RFC 8985, 7.2; tcp_send_loss_probe).
		const sent = timeline.segments('client').filter(({ fate }) => fate === 'dropped');
		const gapsMs = gapsBetween([...sent.slice(earlyRetrans === 0 ? 0 : 1), { t: reading.endedAt }]);
		const modelMs = retransmissionGapsMs({ turns: gapsMs.length, rtoMs });
		const doubling = gapsMs.every((gap, index) => isTimerOf(gap, modelMs[index] ?? Number.NaN));
		expect({ gapsMs, modelMs, doubling }).toMatchObject({ doubling: true });

		// The turn that gives up is the first after the time of the formula, counted from the first turn (retransmits_timed_out).
		const sinceFirstTurnMs = (turn: number) => gapsMs.slice(1, turn).reduce((sum, gap) => sum + gap, 0);
		const budgetMs = retransmissionTimeoutMs({ retries2 });
		expect(sinceFirstTurnMs(gapsMs.length)).toBeGreaterThanOrEqual(budgetMs - 10);
		expect(sinceFirstTurnMs(gapsMs.length - 1)).toBeLessThan(budgetMs + 10);
		expect(gapsMs.length).toBeLessThanOrEqual(retransmissionTurns({ retries2, rtoMs }));

		if (retries2 === 5) {
			const [firstAfterMs = Number.NaN] = gapsBetween(sent);
			const byDefault = { turns: retransmissionTurns({ retries2: 15, rtoMs }), seconds: retransmissionTimeoutMs({ retries2: 15 }) / 1_000 };
			const silent = timeline.segments('client').every(({ flags }) => !/[FR]/.test(flags));
			claim(
				'KH-dead1',
				isTimerOf(firstAfterMs, RTO_MIN_MS) && doubling && silent && byDefault.turns === 16 && Math.abs(byDefault.seconds - 900) < 60,
				{
					holds: `The first after ${firstAfterMs.toFixed(0)} ms is a tail-loss probe, then the timer starts at TCP_RTO_MIN and the round-trip time (${rtoMs} ms) and doubles. tcp_retries2 is a time: 15 is ${byDefault.seconds} s, which the turn number ${byDefault.turns} finds passed (tcp_model_timeout); ${retries2} was turn number ${gapsMs.length} here. tcp_write_err sends nothing.`,
					differs: `The first came after ${firstAfterMs.toFixed(0)} ms, the turns ${gapsMs.map((gap) => gap.toFixed(0)).join(', ')} ms apart; with 15 it would be turn ${byDefault.turns} and ${byDefault.seconds} s.`,
				},
			);
		}
		const seconds = (t: number) => (t - since).toFixed(1);
		const again = sent.slice(1).map(({ t }) => seconds(t));
		const counted = [...new Set(counts)].join(', ');
		return `Again after ${again.join(', ')} s, and ss counts ${counted}, …; ETIMEDOUT after ${seconds(reading.endedAt)} s. tcp_retries2 = ${retries2} is no count but a time, ${budgetMs / 1_000} s from the first turn of the timer.`;
	},
);
