/**
 * Can TIME-WAIT be made shorter? TIME-WAIT is on the side that closed first. Often tcp_fin_timeout is said to change
 * it; both are 60 s by default, so they are easily confused. Nothing is broken here.
 */
import { expect, scenario, TIMEWAIT_MS, timeWait } from '../../harness/index.ts';

/**
 * In seconds. The default is 60, like TIME-WAIT. A different value shows which of the two timers runs. It is long
 * enough for the client to close before FIN-WAIT-2 ends.
 */
const finTimeout = 20;

scenario(
	'tcp_fin_timeout does not change TIME-WAIT',
	{
		question: `The server closes first, with tcp_fin_timeout = ${finTimeout}. How long does its TIME-WAIT last?`,
		claims: ['QI10'],
		sysctls: { tcp_fin_timeout: finTimeout },
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const peer = await client.socket();
		await peer.connect(server.port(8080));
		const closer = await listener.accept();
		await listener.close();

		step('the server closes, then the client');
		await closer.close();
		await expect(peer.recv()).toReturn(0);
		await peer.close();
		await expect(client).toHaveNoSocket();
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '< F.', '0..1x > .', '> F.', '< .');
		const seen = await expect(server).toHaveSocket({
			state: 'TIME-WAIT',
			timer: 'timewait',
			timerLeft: { atLeastMs: 2 * finTimeout * 1_000, atMostMs: TIMEWAIT_MS },
		});

		step('nobody sends any more');
		// TIME-WAIT began when the server acknowledged the client's FIN. This ACK is the last segment on the wire.
		const began = timeline.segments('server').at(-1)?.t ?? Number.NaN;
		const gone = await expect(server).toHaveNoSocket({ state: 'TIME-WAIT' }, { after: timeWait(), since: began });
		const lasted = gone.t - began;
		// ss reported the remaining time in whole seconds, read at some moment between `t` and `seenBy`. From this the
		// total follows, within these bounds. That the socket is gone may be seen late, so `lasted` alone has no upper
		// bound.
		const left = (seen.timer?.leftMs ?? Number.NaN) / 1_000;
		const total = { atLeast: seen.t - began + left, atMost: seen.seenBy - began + left + 1 };
		const isAMinute = total.atLeast <= TIMEWAIT_MS / 1_000 + 1 && total.atMost >= TIMEWAIT_MS / 1_000 - 1;
		claim('QI10', lasted > 2 * finTimeout && isAMinute, {
			holds:
				'TIME-WAIT lasts TCP_TIMEWAIT_LEN, a constant of 60 s (include/net/tcp.h; tcp_time_wait). tcp_fin_timeout ' +
				'belongs to FIN-WAIT-2, an earlier state (tcp_fin_time).',
			differs:
				`TIME-WAIT lasted ${lasted.toFixed(1)} s; according to the timer in ss, ${total.atLeast.toFixed(1)} to ` +
				`${total.atMost.toFixed(1)} s.`,
		});
		return `${lasted.toFixed(1)} s.`;
	},
);
