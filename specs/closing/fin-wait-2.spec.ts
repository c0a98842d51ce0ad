/** How long does a side that has said all it had to say wait for the other to say so, too? */
import { expect, finWait2Timeout, scenario, shortened, spanOf } from '../../harness/index.ts';

scenario(
	'a timer comes with close(), not with shutdown(WR)',
	{
		question: 'kodos’ socket is in FIN-WAIT-2, by shutdown or by close. Will anything end that state by itself?',
		claims: ['QI15'],
	},
	async ({ client, server, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.connect(server.port(8080));
		const kodos = await listener.accept();

		step('kodos: shutdown(WR)');
		await kodos.shutdown('WR');
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT', timer: 'none' });
		const shutDown = await expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'none' });

		step('kodos: close()');
		await kodos.close();
		const closed = await expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'timewait' });
		claim('QI15', shutDown.timer === undefined && closed.timer?.name === 'timewait', {
			holds:
				'A process that holds the socket may want to read for any time; only when it closes is the socket handed ' +
				'over to a small one with a timer (__tcp_close, tcp_time_wait).',
			differs: 'ss showed a timer after shutdown, or another than timewait after close.',
		});
		return (
			'After shutdown nothing; after close a timer with ' +
			`${((closed.timer?.leftMs ?? Number.NaN) / 1_000).toFixed(0)} s to go.`
		);
	},
);

/** In seconds; the default is 60. A third of it, too, is long enough for a slow machine to look. */
const finTimeout = shortened({ default: 60, to: 30 });
const shorter = finTimeout / 3;

scenario(
	'tcp_fin_timeout says how long',
	{
		question: 'How long does FIN-WAIT-2 last, and who decides?',
		claims: ['KH-fw2'],
		sysctls: { tcp_fin_timeout: finTimeout },
	},
	async ({ client, server, step, claim, measured }) => {
		const listener = await (await server.socket()).listen(8080, { backlog: 3 });
		// Each is shut down before it closes: an ACK of the FIN that comes while close() still holds the socket leaves it
		// the whole time under the name keepalive, and a RST at its end ("Bad case" in tcp_rcv_state_process;
		// tcp_keepalive_timer).
		const shutDown = async () => {
			const kang = await client.socket();
			await kang.connect(server.port(8080));
			const kodos = await listener.accept();
			await kodos.shutdown('WR');
			return kodos;
		};
		await shutDown();
		await expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'none' });

		step(`kodos closes another connection, with tcp_fin_timeout = ${finTimeout}`);
		const first = await shutDown();
		await expect(server).toHaveSockets(2, { state: 'FIN-WAIT-2', timer: 'none' });
		// What passes is looked for from before it can begin: a busy machine may be slow to look.
		const firstSeen = expect(server).toHaveSocket({
			state: 'FIN-WAIT-2',
			timer: 'timewait',
			timerLeft: { atLeastMs: shorter * 1_000 },
		});
		const firstClose = first.close();
		await expect(firstClose).toReturn(0);
		await firstSeen;
		const firstGone = await expect(server).toHaveNoSocket(
			{ state: 'FIN-WAIT-2', timer: 'timewait' },
			{ after: finWait2Timeout({ finTimeout }), since: firstClose.event.t },
		);
		const firstLasted = firstGone.t - firstClose.event.t;

		if (finTimeout === 60) measured('FIN-WAIT-2 after close', firstLasted);

		step(`and one more, with tcp_fin_timeout = ${shorter}`);
		await server.sysctl({ tcp_fin_timeout: shorter });
		const second = await shutDown();
		await expect(server).toHaveSockets(2, { state: 'FIN-WAIT-2', timer: 'none' });
		const secondSeen = expect(server).toHaveSocket({
			state: 'FIN-WAIT-2',
			timer: 'timewait',
			timerLeft: { atMostMs: shorter * 1_000 },
		});
		const secondClose = second.close();
		await expect(secondClose).toReturn(0);
		await secondSeen;
		const secondGone = await expect(server).toHaveNoSocket(
			{ state: 'FIN-WAIT-2', timer: 'timewait' },
			{ after: finWait2Timeout({ finTimeout: shorter }), since: secondClose.event.t },
		);
		const secondLasted = secondGone.t - secondClose.event.t;

		// The one that was only shut down has seen both go.
		const stays = await expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'none' });
		claim(
			'KH-fw2',
			stays.timer === undefined && firstLasted >= finTimeout && secondLasted >= shorter && secondLasted < finTimeout,
			{
				holds:
					'close() starts the timer, with the value that the sysctl has then (tcp_fin_time; TCP_LINGER2 sets it ' +
					'for one socket). shutdown starts none: the process still holds the socket.',
				differs: 'FIN-WAIT-2 lasted another time than tcp_fin_timeout, or ended without a close.',
			},
		);
		return (
			`Closed, ${firstLasted.toFixed(1)} s with tcp_fin_timeout = ${finTimeout} and ${secondLasted.toFixed(1)} s ` +
			`with ${shorter}; only shut down, for as long as the process likes.`
		);
	},
);

/** In seconds: a little more than TIME-WAIT lasts. */
const aboveAMinute = shortened({ default: 63, to: 70 });

scenario(
	'a tcp_fin_timeout above a minute',
	{
		question: `kodos closes with tcp_fin_timeout = ${aboveAMinute}. How long does its FIN-WAIT-2 last?`,
		sysctls: { tcp_fin_timeout: aboveAMinute },
	},
	async ({ client, server, step, measured }) => {
		const listener = await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.connect(server.port(8080));
		const kodos = await listener.accept();

		step('kodos: close()');
		// What is above a minute, the kernel waits for with the socket itself, whose only timer for it is keepalive's
		// (tcp_rcv_state_process; __tcp_close where the FIN was acknowledged before) …
		const wholeSeen = expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'keepalive' });
		const close = kodos.close();
		await expect(close).toReturn(0);
		const whole = await wholeSeen;
		// … and then it hands over to a small one for the rest; but it takes the same difference again, not the minute
		// (tcp_keepalive_timer).
		const rest = (aboveAMinute - 60) * 1_000;
		const small = await expect(server).toHaveSocket(
			{ state: 'FIN-WAIT-2', timer: 'timewait', timerLeft: { atMostMs: rest } },
			{ after: spanOf(rest), since: close.event.t },
		);
		const gone = await expect(server).toHaveNoSocket(
			{ state: 'FIN-WAIT-2' },
			{ after: finWait2Timeout({ finTimeout: aboveAMinute }) },
		);
		if (aboveAMinute === 63) measured('FIN-WAIT-2 after close, tcp_fin_timeout = 63', gone.t - close.event.t);
		const seconds = [whole, small].map(({ timer }) => ((timer?.leftMs ?? Number.NaN) / 1_000).toFixed(1));
		return `Not ${aboveAMinute} s: ${seconds[0]} s to go under the name keepalive, and then ${seconds[1]} s as timewait.`;
	},
);
