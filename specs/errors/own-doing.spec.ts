/**
 * Which calls fail because of what the program itself did to its socket before? It closed the descriptor, or shut its
 * sending or its reading side. Nothing is broken, and the peer does nothing: each result follows from the program's own
 * calls.
 */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'own doing: a descriptor that was closed',
	{
		question: 'A program closes a descriptor and continues to use it. What does each call return?',
		claims: ['QI12', 'KH-misc1'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const socket = await client.socket();
		await socket.connect(server.port(8080));
		await listener.accept();
		await expect(socket.close()).toReturn(0);

		step('the client continues to use the descriptor');
		const reading = socket.recv();
		await expect(reading).toFailWith('EBADF');
		const writing = socket.send('hello');
		await expect(writing).toFailWith('EBADF');
		const closing = socket.close();
		await expect(closing).toFailWith('EBADF');
		claim('KH-misc1', reading.event.errno === 'EBADF' && writing.event.errno === 'EBADF', {
			holds:
				'The number is no longer in the descriptor table of the process, so the call does not reach a socket ' +
				'(fdget). If the number belonged to a new file by then, the call would reach that file.',
			differs: `recv gave ${reading.event.errno}, send ${writing.event.errno}.`,
		});
		claim('QI12', closing.event.errno === 'EBADF', {
			holds:
				'The second close finds no such descriptor (file_close_fd). Nothing happens to the connection: its FIN was ' +
				'sent at the first close.',
			differs: `The second close gave ${closing.event.errno ?? closing.event.returned}.`,
		});
		// The calls left no trace on the wire: one handshake, one FIN and its ACK.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> F.', '< .');
		return `recv ${reading.event.errno}, send ${writing.event.errno}, close ${closing.event.errno}.`;
	},
);

scenario(
	'own doing: a sending side that was shut',
	{
		question:
			'A program shuts its sending side, and writes. What does the write return, and can the program still read?',
		claims: ['KH-misc2'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const socket = await client.socket();
		await socket.connect(server.port(8080));
		const peer = await listener.accept();
		await socket.shutdown('WR');

		step('the client writes');
		const writing = socket.send('hello', 'MSG_NOSIGNAL');
		await expect(writing).toFailWith('EPIPE');
		await peer.send('still here');
		const reading = socket.recv();
		await expect(reading).toReturn(10);
		// Without MSG_NOSIGNAL, the same error also sends SIGPIPE, which by default ends the program (send(2)).
		socket.send('hello');
		await expect(socket.process).toHaveEnded({ signal: 'SIGPIPE' });
		await expect(timeline).toShowNoSegment('> P. 5 sent');
		claim(
			'KH-misc2',
			writing.event.errno === 'EPIPE' && timeline.segments('client').every(({ length }) => length === 0),
			{
				holds:
					'A write checks the state before it queues anything (tcp_sendmsg_locked). In FIN-WAIT nothing can be sent ' +
					'any more (sk_stream_wait_connect), so the write fails with EPIPE, and with SIGPIPE unless MSG_NOSIGNAL is ' +
					'set (sk_stream_error).',
				differs: `send gave ${writing.event.errno ?? writing.event.returned}.`,
			},
		);
		return (
			`send fails with ${writing.event.errno}, and without MSG_NOSIGNAL also with SIGPIPE; recv returns ` +
			`${reading.event.returned}.`
		);
	},
);

scenario(
	'own doing: a reading side that was shut',
	{
		question:
			'A program shuts its reading side, and reads. Does it get data that arrived before, and data that arrives ' +
			'later? Does recv block?',
		claims: ['KH-misc3'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		await writer.send('before');
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 6 });
		await reader.shutdown('RD');

		step('the server reads');
		const buffered = reader.recv();
		await expect(buffered).toReturn(6);
		// The client has neither closed nor sent anything else, so this returns 0 because of the shutdown.
		const empty = reader.recv();
		await expect(empty).toReturn(0);

		step('more data arrives');
		await writer.send('later');
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 5 });
		const later = reader.recv();
		await expect(later).toReturn(5);
		// The shutdown sent nothing to the peer.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 6', '< .', '> P. 5', '< .');
		claim('KH-misc3', buffered.event.returned === 6 && empty.event.returned === 0, {
			holds:
				'tcp_recvmsg_locked looks into the receive queue first, and at RCV_SHUTDOWN only if it would have to wait. ' +
				`So data that arrives after the shutdown can be read, too: ${later.event.returned} bytes here.`,
			differs: `recv gave ${buffered.event.returned} with data in the buffer, and ${empty.event.returned} without.`,
		});
		return (
			`recv returns ${buffered.event.returned} bytes that had arrived before, ${empty.event.returned} at once when ` +
			`there was nothing to read, and ${later.event.returned} bytes that arrived later.`
		);
	},
);
