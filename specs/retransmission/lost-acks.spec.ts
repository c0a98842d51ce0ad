/** What does a sender do that never hears an acknowledgement, although all its data arrives? */
import { expect, isTimerOf, RTO_MIN_MS, scenario } from '../../harness/index.ts';

const fourTimes = [1, 2, 3, 4];

scenario(
	'acknowledgements lost: what arrives, and how it is cut into segments',
	{
		question:
			'Four writes of 10 bytes arrive, but no acknowledgement comes back. What does kodos read, and what is on ' +
			'the wire, with TCP_NODELAY and without?',
		claims: ['KH-noack1', 'KH-noack2'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const gathering = await client.socket();
		await gathering.connect(server.port(8080));
		const kodos = await listener.accept();
		const other = await (await server.socket()).listen(9090);
		const hurrying = await client.socket();
		await hurrying.setOption('TCP_NODELAY', 1);
		await hurrying.connect(server.port(9090));
		const otherKodos = await other.accept();

		await client.drop({ name: 'lost-acks' });
		step('without TCP_NODELAY');
		const reading = kodos.recv(40, 'MSG_WAITALL');
		await Promise.all(fourTimes.map(() => gathering.send('ten bytes\n')));
		const { data } = await reading;
		await expect(client).toHaveSocket({
			state: 'ESTAB',
			remotePort: 8080,
			sendQueue: 40,
			timer: 'on',
			timerCount: { atLeast: 3 },
		});

		step('with TCP_NODELAY');
		const otherReading = otherKodos.recv(40, 'MSG_WAITALL');
		await Promise.all(fourTimes.map(() => hurrying.send('ten bytes\n')));
		const { data: otherData } = await otherReading;
		await expect(client).toHaveSocket({
			state: 'ESTAB',
			remotePort: 9090,
			sendQueue: 40,
			timer: 'on',
			timerCount: { atLeast: 3 },
		});

		await expect(timeline).toShowNoSegment('> P. dropped');
		const sendQueue = (await gathering.info()).unacked;
		claim('KH-noack1', data.length === 40 && otherData.length === 40 && sendQueue > 0, {
			holds:
				'A receiver hands over what is in order as soon as it came (tcp_data_queue); whether the acknowledgement ' +
				'arrives is the sender’s concern, which goes on retransmitting.',
			differs:
				`The server read ${data.length} and ${otherData.length} of 40 bytes; ${sendQueue} segments are ` +
				'unacknowledged.',
		});
		expect([data.toString(), otherData.toString()]).toEqual(['ten bytes\n'.repeat(4), 'ten bytes\n'.repeat(4)]);

		const gathered = timeline.segments('client', 8080).filter(({ length }) => length > 0);
		const hurried = timeline.segments('client', 9090).filter(({ length }) => length > 0);
		const lengths = (segments: typeof gathered) => segments.map(({ length }) => length);
		const waitedMs = ((gathered[1]?.t ?? 0) - (gathered[0]?.t ?? 0)) * 1_000;
		// What is on its way up the receiver's stack cannot be joined yet; the third retransmission, which was waited for,
		// has it all.
		const isCut = (segments: typeof gathered, first: string) =>
			lengths(segments.filter(({ retransmission }) => !retransmission)).join() === first &&
			lengths(segments.filter(({ retransmission }) => retransmission)).at(-1) === 40;
		const cut = { gathered: isCut(gathered, '10,30'), hurried: isCut(hurried, '10,10,10,10') };
		claim('KH-noack2', cut.gathered && isTimerOf(waitedMs, RTO_MIN_MS) && cut.hurried, {
			holds:
				'Nagle’s rule holds small data back while any is unacknowledged (tcp_nagle_check); after ' +
				`${waitedMs.toFixed(0)} ms the tail-loss probe sends it, because new data makes the better probe ` +
				'(tcp_send_loss_probe). A retransmission takes what else fits into its segment (tcp_retrans_try_collapse).',
			differs:
				`Segments of ${lengths(gathered).join(', ')} bytes without TCP_NODELAY, the second after ` +
				`${waitedMs.toFixed(0)} ms; ${lengths(hurried).join(', ')} with it.`,
		});
		expect({ ...cut, lengths: [lengths(gathered), lengths(hurried)] }).toMatchObject({ gathered: true, hurried: true });
		return (
			`It reads all 40 bytes. Segments without TCP_NODELAY: ${lengths(gathered).join(', ')} bytes, the second ` +
			`after ${waitedMs.toFixed(0)} ms; with it: ${lengths(hurried).join(', ')}.`
		);
	},
);
