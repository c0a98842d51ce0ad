/**
 * What do a client's writes return after the server has closed, or shut down, its end? There are five ways to end a
 * connection: close(), shutdown() of either or both directions, and shutdown() before close(). Each is tried with an
 * empty receive buffer and with unread data. Nothing is broken; the client can know only what arrives: nothing, a FIN,
 * or a RST.
 */
import {
	type ClaimId,
	type Errno,
	expect,
	type SegmentPattern,
	type Socket,
	type SocketShape,
	scenario,
} from '../../harness/index.ts';

/** What the client can know about the server's end before it writes. */
interface End {
	/** The segments that the server's calls send, with the client's ACKs. */
	readonly onTheWire: readonly SegmentPattern[];
	/** The server's socket after its calls. */
	readonly left: SocketShape | 'no socket';
	/** What a read of the client returns: 0 for the end of the stream, or nothing yet. */
	readonly read: 0 | 'blocks';
}

const fin: readonly SegmentPattern[] = ['< F.', '0..1x > .'];

/**
 * A socket that no process holds, with a timer. The timer is called timewait, or keepalive if the ACK of the FIN
 * arrives while close() still holds the socket (tcp_rcv_state_process, sock_owned_by_user). fin-wait-2.spec.ts explains
 * it. Either way 60 s is the most that is left (the default of tcp_fin_timeout).
 */
const orphaned: SocketShape = { state: 'FIN-WAIT-2', timerLeft: { atMostMs: 60_000 } };

/** The five ways to end a connection, and the result of each if the server has read everything. */
const ways = {
	'shutdown(WR), close()': {
		calls: async (closer: Socket) => {
			await closer.shutdown('WR');
			await closer.close();
		},
		onTheWire: fin,
		left: orphaned,
		read: 0,
	},
	'close()': {
		calls: async (closer: Socket) => {
			await closer.close();
		},
		onTheWire: fin,
		left: orphaned,
		read: 0,
	},
	'shutdown(RDWR)': {
		calls: async (closer: Socket) => {
			await closer.shutdown('RDWR');
		},
		onTheWire: fin,
		left: { state: 'FIN-WAIT-2', timer: 'none' },
		read: 0,
	},
	'shutdown(WR)': {
		calls: async (closer: Socket) => {
			await closer.shutdown('WR');
		},
		onTheWire: fin,
		left: { state: 'FIN-WAIT-2', timer: 'none' },
		read: 0,
	},
	'shutdown(RD)': {
		calls: async (closer: Socket) => {
			await closer.shutdown('RD');
		},
		onTheWire: [],
		left: { state: 'ESTAB', timer: 'none' },
		read: 'blocks',
	},
} as const satisfies Record<string, End & { calls: (closer: Socket) => Promise<void> }>;
type Way = keyof typeof ways;

interface Row {
	readonly data: 'nothing unread' | 'data unread';
	/** Each of these ways is tried on its own connection. */
	readonly way: readonly [Way, ...Way[]];
	/** What differs from the same way with nothing unread. */
	readonly instead?: Partial<End>;
	/** What the client's three writes, of three bytes each, return. */
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
			'The FIN ends only the server’s direction, so the client may write. But no process is left to read it, and a ' +
			'time-wait socket in FIN-WAIT-2 answers new data with a RST (tcp_timewait_state_process). The RST arrives in ' +
			'CLOSE-WAIT, so the errno is EPIPE (tcp_reset).',
	},
	{
		data: 'nothing unread',
		way: ['close()'],
		writes: [3, 'EPIPE', 'EPIPE'],
		judges: 'KH-rst2',
		why:
			'On the wire, close() is the same FIN as shutdown(WR). The client can tell them apart only when its data is ' +
			'answered with a RST (tcp_timewait_state_process).',
	},
	{
		data: 'nothing unread',
		way: ['shutdown(RDWR)'],
		writes: [3, 'EPIPE', 'EPIPE'],
		judges: 'KH-rst3',
		why:
			'The server still holds its socket. But in FIN-WAIT-2, data for a socket whose reading side is shut down is ' +
			'answered with a RST (tcp_rcv_state_process; RFC 1122, 4.2.2.13).',
	},
	{
		data: 'nothing unread',
		way: ['shutdown(WR)'],
		writes: [3, 3, 3],
		judges: 'KH-rst4',
		why:
			'A FIN ends only one direction (RFC 9293, 3.6). The other one continues as long as the server’s socket exists ' +
			'to receive the data.',
	},
	{
		data: 'nothing unread',
		way: ['shutdown(RD)'],
		writes: [3, 3, 3],
		judges: 'KH-rst5',
		why:
			'TCP has no segment for a shut reading side, so nothing is sent (tcp_shutdown does nothing without ' +
			'SEND_SHUTDOWN). In ESTAB, data that arrives is queued and acknowledged as before.',
	},
	{
		data: 'data unread',
		way: ['shutdown(WR), close()'],
		instead: { onTheWire: [...fin, '< R.'], left: 'no socket' },
		writes: ['EPIPE', 'EPIPE', 'EPIPE'],
		judges: 'KH-rst2a',
		why:
			'close() discards the unread data and sends a RST to say so (__tcp_close; RFC 2525, 2.17). The RST comes after ' +
			'the FIN, in CLOSE-WAIT, so tcp_reset has set EPIPE before the client writes.',
	},
	{
		data: 'data unread',
		way: ['close()'],
		instead: { onTheWire: ['< R.'], left: 'no socket' },
		writes: ['ECONNRESET', 'EPIPE', 'EPIPE'],
		judges: 'KH-rst2b',
		why:
			'close() with unread data sends a RST instead of a FIN (__tcp_close; RFC 2525, 2.17). In ESTAB, the errno is ' +
			'ECONNRESET (tcp_reset). Only one call returns it; after that both directions are shut down (tcp_done).',
	},
	{
		data: 'data unread',
		way: ['shutdown(RDWR)'],
		writes: [3, 'EPIPE', 'EPIPE'],
		judges: 'KH-rst2c',
		why:
			'Only close() checks for unread data (__tcp_close). shutdown(RDWR) sends a FIN, and data that arrives later is ' +
			'answered with a RST (tcp_rcv_state_process), as without unread data.',
	},
	{
		data: 'data unread',
		way: ['shutdown(WR)', 'shutdown(RD)'],
		writes: [3, 3, 3],
		judges: 'KH-rst2d',
		why:
			'Only close() checks for unread data (__tcp_close). It stays in the receive queue, and data that arrives later ' +
			'is queued behind it.',
	},
];

const firstPort = 8080;
const unread = 'not read';
const words = ['one', 'two', 'six'];

const joined = (results: readonly (number | Errno)[]) => results.join(', then ');

scenario.each(rows.map((row) => ({ ...row, ways: row.way.join(' or ') })))(
	'$ways, $data',
	({ ways, data, judges }) => ({
		question: `The server calls ${ways} with ${data}. What do the client’s next writes return?`,
		claims: judges === 'KH-rst2' ? [judges, 'KH-rst6'] : [judges],
	}),
	async ({ client, server, timeline, step, claim }, { way, data, instead, writes, judges, why }) => {
		const wire: SegmentPattern[] = [];
		const writers: Socket[] = [];
		for (const [index, name] of way.entries()) {
			const { calls, onTheWire, left, read } = { ...ways[name], ...instead };
			const port = firstPort + index;
			const listener = await (await server.socket()).listen(port);
			const writer = await client.socket();
			writers.push(writer);
			// Each write leaves at once, as one segment.
			await writer.setOption('TCP_NODELAY', 1);
			await writer.connect(server.port(port));
			const closer = await listener.accept();
			await listener.close();
			wire.push('> S', '< S.', '> .');
			if (data === 'data unread') {
				await writer.send(unread);
				await expect(server).toHaveSocket({ localPort: port, state: 'ESTAB', receiveQueue: unread.length });
				wire.push(`> P. ${unread.length}`, '0..1x < .');
			}

			step(`server: ${name}`);
			await calls(closer);
			wire.push(...onTheWire);
			if (left === 'no socket') await expect(server).toHaveNoSocket({ localPort: port });
			else await expect(server).toHaveSocket({ localPort: port, ...left });
			if (onTheWire.includes('< R.')) await expect(client).toHaveNoSocket({ remotePort: port });
			else
				await expect(client).toHaveSocket({
					remotePort: port,
					state: onTheWire.includes('< F.') ? 'CLOSE-WAIT' : 'ESTAB',
				});

			step('the client writes');
			for (const [turn, result] of writes.entries()) {
				const write = writer.send(words[turn] ?? '', 'MSG_NOSIGNAL');
				if (result !== 3) {
					await expect(write).toFailWith(result);
					continue;
				}
				await expect(write).toReturn(3);
				wire.push('> P. 3');
				if (writes[turn + 1] === 'EPIPE') {
					wire.push('< R');
					await expect(client).toHaveNoSocket({ remotePort: port });
					// The RST removed the server's socket, too, whether a process held it or not.
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
			if (read === 'blocks') await expect(writer.recv()).toBlock();
			else await expect(writer.recv()).toReturn(read);
			if (writes.includes('EPIPE')) {
				await expect(writer.send('still there?', 'MSG_NOSIGNAL')).toFailWith('EPIPE');
				await expect(writer.recv()).toReturn(0);
			}
		}
		await expect(timeline).toShowSegments(...wire);

		const earlier = data === 'data unread' ? [unread.length] : [];
		const later = writes.includes('EPIPE') ? (['EPIPE'] as const) : [];
		const expected = joined([...earlier, ...writes, ...later]);
		claim(
			judges,
			writers.every(({ process }) => process.results('write') === expected),
			{
				holds: why,
				differs: `The writes returned ${writers.map(({ process }) => process.results('write')).join(' and ')}.`,
			},
		);
		if (judges === 'KH-rst2') {
			const further = writers.flatMap(({ process }) => process.afterFailing('write', 'EPIPE'));
			claim(
				'KH-rst6',
				further.length > 0 && further.every(({ returned, errno }) => returned === 0 || errno === 'EPIPE'),
				{
					holds:
						'After the RST both directions are shut down (tcp_done). Every further write fails with EPIPE ' +
						'(sk_stream_wait_connect; no other error is left), and every read returns 0.',
					differs:
						'A write after the first EPIPE returned something else, or a read did not return the end of the stream.',
				},
			);
		}
		return writers
			.map(
				({ process }, index) =>
					`After ${way[index]}, the client’s writes give ${process.results('write')}; its reads give ` +
					`${process.results('read')}.`,
			)
			.join(' ');
	},
);
