/** What do a client’s writes come to when the server has closed, or shut down, its end? */
import {
	type ClaimId,
	type Errno,
	expect,
	type SegmentPattern,
	type Socket,
	type SocketShape,
	scenario,
} from '../../harness/index.ts';

/** What kang can know of the end of kodos’ side before it writes. */
interface End {
	/** What the wire shows. */
	readonly told: readonly SegmentPattern[];
	/** kodos’ socket. */
	readonly left: SocketShape | 'no socket';
	/** A read of kang’s: end of stream, or nothing yet. */
	readonly read: 0 | 'blocks';
}

const fin: readonly SegmentPattern[] = ['< F.', '0..1x > .'];

/**
 * A timer, and nobody who holds the socket. Its name is timewait, or keepalive where the ACK of the FIN came while
 * close() still held the socket (tcp_rcv_state_process, beside sock_owned_by_user): fin-wait-2.spec.ts tells more.
 */
const orphaned: SocketShape = { state: 'FIN-WAIT-2', timerLeft: { atMostMs: 60_000 } };

/** The five ways in which a program says that it has had enough, and what comes of each with nothing unread. */
const ways = {
	'shutdown(WR), close()': {
		calls: async (kodos: Socket) => {
			await kodos.shutdown('WR');
			await kodos.close();
		},
		told: fin,
		left: orphaned,
		read: 0,
	},
	'close()': {
		calls: async (kodos: Socket) => {
			await kodos.close();
		},
		told: fin,
		left: orphaned,
		read: 0,
	},
	'shutdown(RDWR)': {
		calls: async (kodos: Socket) => {
			await kodos.shutdown('RDWR');
		},
		told: fin,
		left: { state: 'FIN-WAIT-2', timer: 'none' },
		read: 0,
	},
	'shutdown(WR)': {
		calls: async (kodos: Socket) => {
			await kodos.shutdown('WR');
		},
		told: fin,
		left: { state: 'FIN-WAIT-2', timer: 'none' },
		read: 0,
	},
	'shutdown(RD)': {
		calls: async (kodos: Socket) => {
			await kodos.shutdown('RD');
		},
		told: [],
		left: { state: 'ESTAB', timer: 'none' },
		read: 'blocks',
	},
} as const satisfies Record<string, End & { calls: (kodos: Socket) => Promise<void> }>;
type Way = keyof typeof ways;

interface Row {
	readonly data: 'nothing unread' | 'data unread';
	/** Each on a connection of its own. */
	readonly way: readonly [Way, ...Way[]];
	/** What is different from the way with nothing unread. */
	readonly instead?: Partial<End>;
	/** What kang’s three writes of three bytes come to. */
	readonly writes: readonly [3 | Errno, 3 | Errno, 3 | Errno];
	readonly judges: ClaimId;
	readonly why: string;
}

const rows: readonly Row[] = [
	{
		data: 'nothing unread',
		way: ['shutdown(WR), close()'],
		writes: [3, 'EPIPE', 'EPIPE'],
		judges: 'KH-rst1',
		why:
			'The FIN ends kodos’ direction only, so kang may write; but nobody is left to read it, and FIN-WAIT-2 of a ' +
			'closed socket answers new data with a RST (tcp_timewait_state_process). It comes in CLOSE-WAIT, hence EPIPE ' +
			'(tcp_reset).',
	},
	{
		data: 'nothing unread',
		way: ['close()'],
		writes: [3, 'EPIPE', 'EPIPE'],
		judges: 'KH-rst2',
		why:
			'On the wire close() is the same FIN as shutdown(WR): kang cannot tell them apart until its data is answered ' +
			'by a RST (tcp_timewait_state_process).',
	},
	{
		data: 'nothing unread',
		way: ['shutdown(RDWR)'],
		writes: [3, 'EPIPE', 'EPIPE'],
		judges: 'KH-rst3',
		why:
			'kodos still holds its socket, but in FIN-WAIT-2 data for a reading side that is shut down is answered by a ' +
			'RST (tcp_rcv_state_process; RFC 1122, 4.2.2.13).',
	},
	{
		data: 'nothing unread',
		way: ['shutdown(WR)'],
		writes: [3, 3, 3],
		judges: 'KH-rst4',
		why:
			'A FIN ends one direction (RFC 9293, 3.6): the other goes on for as long as kodos’ socket is there to take ' +
			'the data.',
	},
	{
		data: 'nothing unread',
		way: ['shutdown(RD)'],
		writes: [3, 3, 3],
		judges: 'KH-rst5',
		why:
			'TCP has no segment that says it (tcp_shutdown does nothing without SEND_SHUTDOWN), and in ESTAB what comes ' +
			'is queued and acknowledged as before.',
	},
	{
		data: 'data unread',
		way: ['shutdown(WR), close()'],
		instead: { told: [...fin, '< R.'], left: 'no socket' },
		writes: ['EPIPE', 'EPIPE', 'EPIPE'],
		judges: 'KH-rst2a',
		why:
			'close() tosses the unread data and says so by a RST (__tcp_close; RFC 2525, 2.17). It comes behind the FIN, ' +
			'in CLOSE-WAIT, so tcp_reset has set EPIPE before kang writes anything.',
	},
	{
		data: 'data unread',
		way: ['close()'],
		instead: { told: ['< R.'], left: 'no socket' },
		writes: ['ECONNRESET', 'EPIPE', 'EPIPE'],
		judges: 'KH-rst2b',
		why:
			'close() with unread data sends a RST in place of the FIN (__tcp_close; RFC 2525, 2.17). In ESTAB that is ' +
			'ECONNRESET (tcp_reset), which is told once; after it both directions are shut down (tcp_done).',
	},
	{
		data: 'data unread',
		way: ['shutdown(RDWR)'],
		writes: [3, 'EPIPE', 'EPIPE'],
		judges: 'KH-rst2c',
		why:
			'Only close() looks at what is unread (__tcp_close). With shutdown(RDWR) it is a FIN, and a RST for what ' +
			'comes later (tcp_rcv_state_process), as without.',
	},
	{
		data: 'data unread',
		way: ['shutdown(WR)', 'shutdown(RD)'],
		writes: [3, 3, 3],
		judges: 'KH-rst2d',
		why:
			'Only close() looks at what is unread (__tcp_close): it stays in the receive queue, and what comes later is ' +
			'queued behind it.',
	},
];

const firstPort = 8080;
const unread = 'not read';
const words = ['one', 'two', 'six'];

const inWords = (results: readonly (number | Errno)[]) => results.join(', then ');

scenario.each(rows.map((row) => ({ ...row, ways: row.way.join(' or ') })))(
	'$ways, $data',
	({ ways, data, judges }) => ({
		question: `kodos calls ${ways} with ${data}. What do kang’s next writes come to?`,
		claims: judges === 'KH-rst2' ? [judges, 'KH-rst6'] : [judges],
	}),
	async ({ client, server, timeline, step, claim }, { way, data, instead, writes, judges, why }) => {
		const wire: SegmentPattern[] = [];
		const kangs: Socket[] = [];
		for (const [index, name] of way.entries()) {
			const { calls, told, left, read } = { ...ways[name], ...instead };
			const port = firstPort + index;
			const listener = await (await server.socket()).listen(port);
			const kang = await client.socket();
			kangs.push(kang);
			// Each write leaves at once, in a segment of its own.
			await kang.setOption('TCP_NODELAY', 1);
			await kang.connect(server.port(port));
			const kodos = await listener.accept();
			await listener.close();
			wire.push('> S', '< S.', '> .');
			if (data === 'data unread') {
				await kang.send(unread);
				await expect(server).toHaveSocket({ localPort: port, state: 'ESTAB', receiveQueue: unread.length });
				wire.push(`> P. ${unread.length}`, '0..1x < .');
			}

			step(`kodos: ${name}`);
			await calls(kodos);
			wire.push(...told);
			if (left === 'no socket') await expect(server).toHaveNoSocket({ localPort: port });
			else await expect(server).toHaveSocket({ localPort: port, ...left });
			if (told.includes('< R.')) await expect(client).toHaveNoSocket({ remotePort: port });
			else
				await expect(client).toHaveSocket({ remotePort: port, state: told.includes('< F.') ? 'CLOSE-WAIT' : 'ESTAB' });

			step('kang writes');
			for (const [turn, result] of writes.entries()) {
				const write = kang.send(words[turn] ?? '', 'MSG_NOSIGNAL');
				if (result !== 3) {
					await expect(write).toFailWith(result);
					continue;
				}
				await expect(write).toReturn(3);
				wire.push('> P. 3');
				if (writes[turn + 1] === 'EPIPE') {
					wire.push('< R');
					await expect(client).toHaveNoSocket({ remotePort: port });
					// The RST took kodos’ socket with it, held or not.
					await expect(server).toHaveNoSocket({ localPort: port });
				} else wire.push('0..1x < .');
			}
			if (writes.every((result) => result === 3)) {
				await expect(client).toHaveSocket({ remotePort: port, sendQueue: 0 });
				await expect(server).toHaveSocket({
					localPort: port,
					receiveQueue: (data === 'data unread' ? unread.length : 0) + 9,
				});
			}
			if (read === 'blocks') await expect(kang.recv()).toBlock();
			else await expect(kang.recv()).toReturn(read);
			if (writes.includes('EPIPE')) {
				await expect(kang.send('still there?', 'MSG_NOSIGNAL')).toFailWith('EPIPE');
				await expect(kang.recv()).toReturn(0);
			}
		}
		await expect(timeline).toShowSegments(...wire);

		const earlier = data === 'data unread' ? [unread.length] : [];
		const later = writes.includes('EPIPE') ? (['EPIPE'] as const) : [];
		const expected = inWords([...earlier, ...writes, ...later]);
		claim(
			judges,
			kangs.every(({ process }) => process.results('write') === expected),
			{
				holds: why,
				differs: `The writes came to ${kangs.map(({ process }) => process.results('write')).join(' and ')}.`,
			},
		);
		if (judges === 'KH-rst2') {
			const further = kangs.flatMap(({ process }) => process.afterFailing('write', 'EPIPE'));
			claim(
				'KH-rst6',
				further.length > 0 && further.every(({ returned, errno }) => returned === 0 || errno === 'EPIPE'),
				{
					holds:
						'After the RST both directions are shut down (tcp_done): every further write fails with EPIPE ' +
						'(sk_stream_wait_connect, with no error left to tell), and every read returns 0.',
					differs:
						'A write after the first EPIPE came to something else, or a read did not return the end of the stream.',
				},
			);
		}
		return kangs
			.map(
				({ process }, index) =>
					`After ${way[index]} its writes give ${process.results('write')}; its reads give ` +
					`${process.results('read')}.`,
			)
			.join(' ');
	},
);
