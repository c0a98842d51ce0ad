/** Which calls fail because of what the program itself did to its socket before? */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'own doing: a descriptor that was closed',
	{
		question: 'A program closes a descriptor, and goes on to use it. What does each call say?',
		claims: ['QI12', 'KH-misc1'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.connect(server.port(8080));
		await listener.accept();
		await expect(kang.close()).toReturn(0);

		step('kang goes on');
		const reading = kang.recv();
		await expect(reading).toFailWith('EBADF');
		const writing = kang.send('hello');
		await expect(writing).toFailWith('EBADF');
		const closing = kang.close();
		await expect(closing).toFailWith('EBADF');
		claim('KH-misc1', reading.event.errno === 'EBADF' && writing.event.errno === 'EBADF', {
			holds:
				'The number is no longer in the process’s table of descriptors, so the call never gets to a socket ' +
				'(fdget); were it given to a new file meanwhile, the call would go there.',
			differs: `recv gave ${reading.event.errno}, send ${writing.event.errno}.`,
		});
		claim('QI12', closing.event.errno === 'EBADF', {
			holds:
				'The second close finds no such descriptor (file_close_fd). Nothing happens to the connection, whose FIN ' +
				'left at the first.',
			differs: `The second close gave ${closing.event.errno ?? closing.event.returned}.`,
		});
		// Nothing of it is to be seen on the wire: one handshake, one FIN.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> F.', '< .');
		return `recv ${reading.event.errno}, send ${writing.event.errno}, close ${closing.event.errno}.`;
	},
);

scenario(
	'own doing: a sending side that was shut',
	{
		question: 'A program shuts its sending side, and writes. What does the write say, and can it still read?',
		claims: ['KH-misc2'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.connect(server.port(8080));
		const kodos = await listener.accept();
		await kang.shutdown('WR');

		step('kang writes');
		const writing = kang.send('hello', 'MSG_NOSIGNAL');
		await expect(writing).toFailWith('EPIPE');
		await kodos.send('still here');
		const reading = kang.recv();
		await expect(reading).toReturn(10);
		// Without MSG_NOSIGNAL the same error comes with a signal, which ends a program that does not expect it (send(2)).
		kang.send('hello');
		await expect(kang.process).toHaveEnded({ signal: 'SIGPIPE' });
		await expect(timeline).toShowNoSegment('> P. 5 sent');
		claim(
			'KH-misc2',
			writing.event.errno === 'EPIPE' && timeline.segments('client').every(({ length }) => length === 0),
			{
				holds:
					'A write looks at the state before anything is queued (tcp_sendmsg_locked): in FIN-WAIT there is no ' +
					'sending any more (sk_stream_wait_connect), so nothing goes out, and it is EPIPE, with SIGPIPE where ' +
					'that is not refused (sk_stream_error).',
				differs: `send gave ${writing.event.errno ?? writing.event.returned}.`,
			},
		);
		return `send ${writing.event.errno}, and SIGPIPE where nobody asks for the errno; recv ${reading.event.returned}.`;
	},
);

scenario(
	'own doing: a reading side that was shut',
	{
		question:
			'A program shuts its reading side, and reads. Does it get what had arrived before, and what arrives later? ' +
			'Does it wait?',
		claims: ['KH-misc3'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.connect(server.port(8080));
		const kodos = await listener.accept();
		await kang.send('before');
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 6 });
		await kodos.shutdown('RD');

		step('kodos reads');
		const buffered = kodos.recv();
		await expect(buffered).toReturn(6);
		// The peer has neither closed nor sent anything: only the shutdown can have made this one return.
		const empty = kodos.recv();
		await expect(empty).toReturn(0);

		step('more arrives');
		await kang.send('later');
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 5 });
		const later = kodos.recv();
		await expect(later).toReturn(5);
		// Nothing of the shutdown was told to the peer.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 6', '< .', '> P. 5', '< .');
		claim('KH-misc3', buffered.event.returned === 6 && empty.event.returned === 0, {
			holds:
				'tcp_recvmsg_locked looks into the queue first and at RCV_SHUTDOWN where it would have to wait. So data ' +
				`that arrives after the shutdown is read as well: ${later.event.returned} bytes here.`,
			differs: `recv gave ${buffered.event.returned} with data in the buffer, and ${empty.event.returned} without.`,
		});
		return (
			`recv ${buffered.event.returned} of what was there, ${empty.event.returned} at once where nothing was, and ` +
			`${later.event.returned} of what came later.`
		);
	},
);
