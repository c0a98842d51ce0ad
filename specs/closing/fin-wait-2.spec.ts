/**
 * How long does a socket wait in FIN-WAIT-2 for the FIN of its peer? In FIN-WAIT-2, the socket has sent its FIN and
 * received the ACK, but not the peer's FIN (RFC 9293, 3.3.2). The RFC has no limit for this state; Linux adds a timer,
 * but only for a socket that no process holds any more. Nothing is broken here: the peer just does not close.
 */
import { expect, finWait2Timeout, scenario, shortened, spanOf } from '../../harness/index.ts';

scenario(
	'a timer comes with close(), not with shutdown(WR)',
	{
		question: 'The server’s socket is in FIN-WAIT-2, after shutdown(WR) or after close(). Does a timer end that state?',
		claims: ['QI15'],
	},
	async ({ client, server, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const peer = await client.socket();
		await peer.connect(server.port(8080));
		const closer = await listener.accept();

		step('server: shutdown(WR)');
		await closer.shutdown('WR');
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT', timer: 'none' });
		const shutDown = await expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'none' });

		step('server: close()');
		await closer.close();
		const closed = await expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'timewait' });
		claim('QI15', shutDown.timer === undefined && closed.timer?.name === 'timewait', {
			holds:
				'A process that holds the socket may read from it for as long as it wants, so there is no timer. After ' +
				'close() nobody can read, so the kernel replaces the socket with a time-wait socket, which has a timer ' +
				'(__tcp_close, tcp_time_wait).',
			differs: 'ss showed a timer after shutdown(WR), or a timer other than timewait after close().',
		});
		return (
			'After shutdown(WR) there is no timer. After close() there is one, with ' +
			`${((closed.timer?.leftMs ?? Number.NaN) / 1_000).toFixed(0)} s left.`
		);
	},
);

/**
 * In seconds. The default is 60. The value in real time is 30, so that a third of it is still long enough for a slow
 * machine to see the state in ss.
 */
const finTimeout = shortened({ default: 60, to: 30 });
const shorterTimeout = finTimeout / 3;

scenario(
	'tcp_fin_timeout says how long',
	{
		question: 'How long does FIN-WAIT-2 last, and what decides that?',
		claims: ['KH-fw2'],
		sysctls: { tcp_fin_timeout: finTimeout },
	},
	async ({ client, server, step, claim, measured }) => {
		const listener = await (await server.socket()).listen(8080, { backlog: 3 });
		// Each connection is shut down first and closed later. Otherwise the ACK of the FIN may arrive while close() still
		// holds the socket; then the timer is called keepalive during the whole time, and a RST is sent at its end ("Bad
		// case" in tcp_rcv_state_process; tcp_keepalive_timer).
		const shutDown = async () => {
			const peer = await client.socket();
			await peer.connect(server.port(8080));
			const closer = await listener.accept();
			await closer.shutdown('WR');
			return closer;
		};
		await shutDown();
		await expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'none' });

		step(`the server closes a second connection, with tcp_fin_timeout = ${finTimeout}`);
		const first = await shutDown();
		await expect(server).toHaveSockets(2, { state: 'FIN-WAIT-2', timer: 'none' });
		// The state is short-lived: start the expectation before the action, because a busy machine may look late.
		const firstSeen = expect(server).toHaveSocket({
			state: 'FIN-WAIT-2',
			timer: 'timewait',
			timerLeft: { atLeastMs: shorterTimeout * 1_000 },
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

		step(`the server closes a third connection, with tcp_fin_timeout = ${shorterTimeout}`);
		await server.sysctl({ tcp_fin_timeout: shorterTimeout });
		const second = await shutDown();
		await expect(server).toHaveSockets(2, { state: 'FIN-WAIT-2', timer: 'none' });
		const secondSeen = expect(server).toHaveSocket({
			state: 'FIN-WAIT-2',
			timer: 'timewait',
			timerLeft: { atMostMs: shorterTimeout * 1_000 },
		});
		const secondClose = second.close();
		await expect(secondClose).toReturn(0);
		await secondSeen;
		const secondGone = await expect(server).toHaveNoSocket(
			{ state: 'FIN-WAIT-2', timer: 'timewait' },
			{ after: finWait2Timeout({ finTimeout: shorterTimeout }), since: secondClose.event.t },
		);
		const secondLasted = secondGone.t - secondClose.event.t;

		// The first connection, which was only shut down, has outlived both.
		const onlyShut = await expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'none' });
		claim(
			'KH-fw2',
			onlyShut.timer === undefined &&
				firstLasted >= finTimeout &&
				secondLasted >= shorterTimeout &&
				secondLasted < finTimeout,
			{
				holds:
					'close() starts the timer with the value that tcp_fin_timeout has at that moment (tcp_fin_time; ' +
					'TCP_LINGER2 sets it for one socket). shutdown() starts no timer, because the process still holds the ' +
					'socket.',
				differs: 'FIN-WAIT-2 did not last tcp_fin_timeout, or it ended without a close().',
			},
		);
		return (
			`After close(): ${firstLasted.toFixed(1)} s with tcp_fin_timeout = ${finTimeout}, and ` +
			`${secondLasted.toFixed(1)} s with ${shorterTimeout}. After shutdown(WR) only: as long as the process holds ` +
			'the socket.'
		);
	},
);

/** In seconds. It must be above TCP_TIMEWAIT_LEN, which is 60 s. */
const aboveAMinute = shortened({ default: 63, to: 70 });

scenario(
	'a tcp_fin_timeout above a minute',
	{
		question: `The server closes with tcp_fin_timeout = ${aboveAMinute}. How long does its FIN-WAIT-2 last?`,
		sysctls: { tcp_fin_timeout: aboveAMinute },
	},
	async ({ client, server, step, measured }) => {
		const listener = await (await server.socket()).listen(8080);
		const peer = await client.socket();
		await peer.connect(server.port(8080));
		const closer = await listener.accept();

		step('server: close()');
		// For the part above 60 s (TCP_TIMEWAIT_LEN), the kernel keeps the full socket, with its keepalive timer
		// (tcp_rcv_state_process; __tcp_close if the FIN was acknowledged before).
		const fullSeen = expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'keepalive' });
		const close = closer.close();
		await expect(close).toReturn(0);
		const full = await fullSeen;
		// When that timer expires, the kernel makes a time-wait socket. It uses the part above 60 s once more, not the 60 s
		// (tcp_keepalive_timer).
		const excessMs = (aboveAMinute - 60) * 1_000;
		const timeWaitSocket = await expect(server).toHaveSocket(
			{ state: 'FIN-WAIT-2', timer: 'timewait', timerLeft: { atMostMs: excessMs } },
			{ after: spanOf(excessMs), since: close.event.t },
		);
		const gone = await expect(server).toHaveNoSocket(
			{ state: 'FIN-WAIT-2' },
			{ after: finWait2Timeout({ finTimeout: aboveAMinute }) },
		);
		if (aboveAMinute === 63) measured('FIN-WAIT-2 after close, tcp_fin_timeout = 63', gone.t - close.event.t);
		const seconds = [full, timeWaitSocket].map(({ timer }) => ((timer?.leftMs ?? Number.NaN) / 1_000).toFixed(1));
		return (
			`Not ${aboveAMinute} s: first ${seconds[0]} s with a timer called keepalive, then ${seconds[1]} s with one ` +
			'called timewait.'
		);
	},
);
