/**
 * What do Recv-Q and Send-Q of a connection count? Recv-Q counts what has arrived and was not read, Send-Q what was
 * written and is not acknowledged. Both are differences of sequence numbers, so a FIN counts as one byte. For a part of
 * the time the wire loses everything.
 */
import { expect, nextRetransmission, scenario } from '../../harness/index.ts';

scenario(
	'bytes: not read, and not acknowledged',
	{
		question:
			'Data is sent to a connection that nobody has accepted, and then over a wire that loses everything. What do ' +
			'the queues show?',
		claims: ['QI2'],
	},
	async ({ client, server, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));

		step('the client sends, and nobody has accepted');
		await writer.send('hello world');
		const { receiveQueue: beforeAccept } = await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 11 });
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });

		step('the server accepts, and reads a part');
		const reader = await listener.accept();
		await expect(reader.recv(5)).toReturn(5);
		const { receiveQueue: halfRead } = await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 6 });
		await expect(reader.recv()).toReturn(6);
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 0 });

		step('the wire loses what the client sends');
		const loss = await server.drop({ destinationPort: 8080 });
		const growing: number[] = [];
		for (const sent of [10, 20, 30]) {
			await writer.send('x'.repeat(10));
			growing.push((await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: sent, timer: 'on' })).sendQueue);
		}

		step('the wire works again');
		await loss.heal();
		// Everything is sent again, at the latest when the retransmission timer expires.
		const { sendQueue: atTheEnd } = await expect(client).toHaveSocket(
			{ state: 'ESTAB', sendQueue: 0, timer: 'none' },
			{ after: nextRetransmission() },
		);
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 30 });
		claim('QI2', beforeAccept === 11 && halfRead === 6 && String(growing) === '10,20,30', {
			holds:
				'tcp_diag_get_info: Recv-Q is rcv_nxt - copied_seq, what arrived minus what was read, whether a process ' +
				'holds the socket or not. Send-Q is write_seq - snd_una, what was written minus what was acknowledged.',
			differs:
				`Recv-Q was ${beforeAccept} before accept and ${halfRead} after a part was read; Send-Q went through ` +
				`${growing.join(', ')}.`,
		});
		return (
			`Recv-Q is ${beforeAccept} before accept and ${halfRead} after a part was read. Send-Q is ` +
			`${growing.join(', ')} while nothing arrives, and ${atTheEnd} at the end.`
		);
	},
);

scenario(
	'bytes: a FIN counts as one',
	{
		question: 'The peer has closed without sending anything, so there is nothing to read. What does Recv-Q show?',
		claims: ['QI20'],
	},
	async ({ client, server, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();

		step('the client closes');
		await writer.close();
		const unread = await expect(server).toHaveSocket({ state: 'CLOSE-WAIT' });

		step('the server reads');
		const reading = reader.recv();
		await expect(reading).toReturn(0);
		await expect(server).toHaveSocket({ state: 'CLOSE-WAIT', receiveQueue: 0 });
		claim('QI20', unread.receiveQueue === 1 && reading.event.returned === 0, {
			holds:
				'A FIN takes a sequence number, and Recv-Q is a difference of sequence numbers (tcp_diag_get_info). The read ' +
				'that returns 0 skips it (found_fin_ok in tcp_recvmsg_locked): after that Recv-Q is 0, still in CLOSE-WAIT.',
			differs: `Recv-Q of the socket in CLOSE-WAIT was ${unread.receiveQueue}.`,
		});
		return `${unread.receiveQueue}, until recv has returned ${reading.event.returned}.`;
	},
);
