/** What do Recv-Q and Send-Q of a connection count? */
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
		const kang = await client.socket();
		await kang.connect(server.port(8080));

		step('kang sends, and nobody has accepted');
		await kang.send('hello world');
		const { receiveQueue: beforeAccept } = await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 11 });
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });

		step('kodos accepts, and reads a part');
		const kodos = await listener.accept();
		await expect(kodos.recv(5)).toReturn(5);
		const { receiveQueue: halfRead } = await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 6 });
		await expect(kodos.recv()).toReturn(6);
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 0 });

		step('the wire loses what kang sends');
		const lossy = await server.drop({ destinationPort: 8080 });
		const growing: number[] = [];
		for (const sent of [10, 20, 30]) {
			await kang.send('x'.repeat(10));
			growing.push((await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: sent, timer: 'on' })).sendQueue);
		}

		step('the wire is mended');
		await lossy.heal();
		// All of it is sent again, at the latest when the retransmission timer has run out.
		const { sendQueue: atLast } = await expect(client).toHaveSocket(
			{ state: 'ESTAB', sendQueue: 0, timer: 'none' },
			{ after: nextRetransmission() },
		);
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 30 });
		claim('QI2', beforeAccept === 11 && halfRead === 6 && String(growing) === '10,20,30', {
			holds:
				'tcp_diag_get_info: Recv-Q is rcv_nxt - copied_seq, what came less what was read, whoever holds the ' +
				'socket; Send-Q is write_seq - snd_una, what was written less what was acknowledged.',
			differs:
				`Recv-Q was ${beforeAccept} before accept and ${halfRead} after a part was read; Send-Q went through ` +
				`${growing.join(', ')}.`,
		});
		return (
			`Recv-Q ${beforeAccept} before accept, ${halfRead} after a part was read; Send-Q ${growing.join(', ')} while ` +
			`nothing arrives, and ${atLast} at the end.`
		);
	},
);

scenario(
	'bytes: a FIN counts as one',
	{
		question: 'The peer has closed without sending anything. There is nothing to read: what does Recv-Q show?',
		claims: ['QI20'],
	},
	async ({ client, server, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.connect(server.port(8080));
		const kodos = await listener.accept();

		step('kang closes');
		await kang.close();
		const waiting = await expect(server).toHaveSocket({ state: 'CLOSE-WAIT' });

		step('kodos reads');
		const reading = kodos.recv();
		await expect(reading).toReturn(0);
		await expect(server).toHaveSocket({ state: 'CLOSE-WAIT', receiveQueue: 0 });
		claim('QI20', waiting.receiveQueue === 1 && reading.event.returned === 0, {
			holds:
				'A FIN takes a sequence number, and Recv-Q is a difference of sequence numbers (tcp_diag_get_info). The ' +
				'read that returns 0 steps over it (found_fin_ok in tcp_recvmsg_locked): after that it shows 0, still in ' +
				'CLOSE-WAIT.',
			differs: `Recv-Q of the socket in CLOSE-WAIT was ${waiting.receiveQueue}.`,
		});
		return `${waiting.receiveQueue}, until recv has returned ${reading.event.returned}.`;
	},
);
