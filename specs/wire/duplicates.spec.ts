/**
 * The wire delivers a segment twice. The copy has numbers that the receiver has already seen, so it is not acceptable
 * any more, and every synchronized state answers such a segment with an acknowledgement (RFC 9293, 3.10.7.4, first).
 */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'duplicates: of a data segment',
	{
		question: 'A segment with data arrives twice. What do the two programs and the two kernels notice?',
		claims: ['WI-dup1'],
	},
	async ({ client, server, link, timeline, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();

		const duplicate = await link.duplicate({ from: 'client', length: { atLeast: 1 } });
		await writer.send('hello');
		await expect(reader.recv()).toReturn(5);
		// One for the segment, one for the copy.
		await expect(timeline).toShowSegment('2x < .');
		await duplicate.heal();
		// The data is not in the stream a second time.
		await writer.send('!');
		await expect(reader.recv()).toReturn(1);
		await timeline.upToDate();

		const told = timeline
			.segments('server')
			.filter(({ options }) => options?.sack)
			.map(({ ack, options }) => ({ ack, sack: options?.sack }));
		const { TcpRetransSegs: again } = await client.counters();
		const expected = [{ ack: 6, sack: [{ from: 1, to: 6 }] }];
		claim('WI-dup1', JSON.stringify(told) === JSON.stringify(expected) && again === 0, {
			holds: 'The block has the numbers of the copy, below the acknowledgement (tcp_dsack_set). Nothing is sent again.',
			differs: `The receiver told ${JSON.stringify(told)}; ${again} segments were sent again.`,
		});
		return 'The programs: nothing. The sender’s kernel is told of the copy (D-SACK), and need not do anything.';
	},
);

scenario(
	'duplicates: of the answer to a SYN',
	{
		question: 'The SYN with ACK of the server arrives twice. How does the client answer, and is the connection harmed?',
		claims: ['WI-dup2'],
	},
	async ({ client, server, link, timeline, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const duplicate = await link.duplicate({ from: 'server', tcpFlags: 'SYN,ACK SYN,ACK' });
		const caller = await client.socket();
		await caller.connect(server.port(8080));
		// The last of the handshake, and the answer to the copy (tcp_validate_incoming, "challenge ACK").
		await expect(timeline).toShowSegment('2x > .');
		await duplicate.heal();
		const acks = timeline.segments('client').filter(({ flags }) => flags === '.');
		const reader = await listener.accept();
		await caller.send('hello');
		await expect(reader.recv()).toReturn(5);
		await expect(timeline).toShowNoSegment('> R sent');
		const numbers = acks.map(({ seq, ack, length }) => ({ seq, ack, length }));
		const expected = [1, 2].map(() => ({ seq: 1, ack: 1, length: 0 }));
		claim('WI-dup2', JSON.stringify(numbers) === JSON.stringify(expected), {
			holds: 'Each answer is an acknowledgement with the same numbers, and the connection goes on.',
			differs: `The answers were ${JSON.stringify(numbers)}.`,
		});
		return 'With the same acknowledgement again. The connection is not harmed.';
	},
);
