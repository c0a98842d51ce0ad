/** Can TIME-WAIT be made shorter? */
import { expect, scenario, TIMEWAIT_MS, timeWait } from '../../harness/index.ts';

/**
 * In seconds. The default is 60, as TIME-WAIT’s; so one is easily taken for the other. Long enough for kang to close
 * before it is over.
 */
const finTimeout = 20;

scenario(
	'tcp_fin_timeout does not change TIME-WAIT',
	{
		question: `kodos closes first, with tcp_fin_timeout = ${finTimeout}. How long does its TIME-WAIT last?`,
		claims: ['QI10'],
		sysctls: { tcp_fin_timeout: finTimeout },
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.connect(server.port(8080));
		const kodos = await listener.accept();
		await listener.close();

		step('kodos closes, then kang');
		await kodos.close();
		await expect(kang.recv()).toReturn(0);
		await kang.close();
		await expect(client).toHaveNoSocket();
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '< F.', '0..1x > .', '> F.', '< .');
		const seen = await expect(server).toHaveSocket({
			state: 'TIME-WAIT',
			timer: 'timewait',
			timerLeft: { atLeastMs: 2 * finTimeout * 1_000, atMostMs: TIMEWAIT_MS },
		});

		step('and nobody sends any more');
		// It began when kodos acknowledged kang’s FIN, which is the last that was on the wire.
		const began = timeline.segments('server').at(-1)?.t ?? Number.NaN;
		const gone = await expect(server).toHaveNoSocket({ state: 'TIME-WAIT' }, { after: timeWait(), since: began });
		const lasted = gone.t - began;
		// How long it is to last, ss told, in whole seconds, at some time during the look; that it is gone, the lab may
		// learn late.
		const left = (seen.timer?.leftMs ?? Number.NaN) / 1_000;
		const whole = { atLeast: seen.t - began + left, atMost: seen.seenBy - began + left + 1 };
		const isAMinute = whole.atLeast <= TIMEWAIT_MS / 1_000 + 1 && whole.atMost >= TIMEWAIT_MS / 1_000 - 1;
		claim('QI10', lasted > 2 * finTimeout && isAMinute, {
			holds:
				'TIME-WAIT lasts TCP_TIMEWAIT_LEN, a constant (include/net/tcp.h; tcp_time_wait). tcp_fin_timeout is of ' +
				'FIN-WAIT-2 (tcp_fin_time), a state before it.',
			differs:
				`TIME-WAIT lasted ${lasted.toFixed(1)} s; ss told of ${whole.atLeast.toFixed(1)} to ` +
				`${whole.atMost.toFixed(1)} s.`,
		});
		return `${lasted.toFixed(1)} s.`;
	},
);
