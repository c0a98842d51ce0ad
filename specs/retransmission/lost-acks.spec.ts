/**
 * What does a sender do if all its data arrives, but no acknowledgement comes back? Every segment to the client is
 * dropped there. The server has the data; the client cannot know that, and retransmits. How the data is cut into
 * segments depends on Nagle's rule and on the tail-loss probe.
 */
import { expect, isTimerOf, RTO_MIN_MS, scenario } from '../../harness/index.ts';

const fourWrites = [1, 2, 3, 4];

scenario(
	'acknowledgements lost: what arrives, and how it is cut into segments',
	{
		question:
			'Four writes of 10 bytes arrive, but no acknowledgement comes back. What does the server read, and which ' +
			'segments are sent, with TCP_NODELAY and without?',
		claims: ['KH-noack1', 'KH-noack2'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const nagle = await client.socket();
		await nagle.connect(server.port(8080));
		const reader = await listener.accept();
		const other = await (await server.socket()).listen(9090);
		const noDelay = await client.socket();
		await noDelay.setOption('TCP_NODELAY', 1);
		await noDelay.connect(server.port(9090));
		const otherReader = await other.accept();

		await client.drop({ name: 'lost-acks' });
		step('without TCP_NODELAY');
		const reading = reader.recv(40, 'MSG_WAITALL');
		await Promise.all(fourWrites.map(() => nagle.send('ten bytes\n')));
		const { data } = await reading;
		await expect(client).toHaveSocket({
			state: 'ESTAB',
			remotePort: 8080,
			sendQueue: 40,
			timer: 'on',
			timerCount: { atLeast: 3 },
		});

		step('with TCP_NODELAY');
		const otherReading = otherReader.recv(40, 'MSG_WAITALL');
		await Promise.all(fourWrites.map(() => noDelay.send('ten bytes\n')));
		const { data: otherData } = await otherReading;
		await expect(client).toHaveSocket({
			state: 'ESTAB',
			remotePort: 9090,
			sendQueue: 40,
			timer: 'on',
			timerCount: { atLeast: 3 },
		});

		await expect(timeline).toShowNoSegment('> P. dropped');
		const unacknowledged = (await nagle.info()).unacked;
		claim('KH-noack1', data.length === 40 && otherData.length === 40 && unacknowledged > 0, {
			holds:
				'A receiver delivers data in order as soon as it arrives (tcp_data_queue). Whether the acknowledgement ' +
				'arrives concerns only the sender, which continues to retransmit.',
			differs:
				`The server read ${data.length} and ${otherData.length} of 40 bytes; ${unacknowledged} segments are ` +
				'unacknowledged.',
		});
		expect([data.toString(), otherData.toString()]).toEqual(['ten bytes\n'.repeat(4), 'ten bytes\n'.repeat(4)]);

		const nagleSegments = timeline.segments('client', 8080).filter(({ length }) => length > 0);
		const noDelaySegments = timeline.segments('client', 9090).filter(({ length }) => length > 0);
		const lengths = (segments: typeof nagleSegments) => segments.map(({ length }) => length);
		const waitedMs = ((nagleSegments[1]?.t ?? 0) - (nagleSegments[0]?.t ?? 0)) * 1_000;
		// A segment that is still on its way up the receiver's stack cannot be merged into a retransmission yet. The third
		// retransmission, for which the expectations above waited, has all 40 bytes.
		const areCut = (segments: typeof nagleSegments, first: string) =>
			lengths(segments.filter(({ retransmission }) => !retransmission)).join() === first &&
			lengths(segments.filter(({ retransmission }) => retransmission)).at(-1) === 40;
		const cut = { nagle: areCut(nagleSegments, '10,30'), noDelay: areCut(noDelaySegments, '10,10,10,10') };
		claim('KH-noack2', cut.nagle && isTimerOf(waitedMs, RTO_MIN_MS) && cut.noDelay, {
			holds:
				'Nagle’s rule holds small data back while other data is unacknowledged (tcp_nagle_check). After ' +
				`${waitedMs.toFixed(0)} ms the tail-loss probe sends it, because it prefers new data to a repetition ` +
				'(tcp_send_loss_probe). A retransmission takes more data if it fits into its segment ' +
				'(tcp_retrans_try_collapse).',
			differs:
				`Segments of ${lengths(nagleSegments).join(', ')} bytes without TCP_NODELAY, the second after ` +
				`${waitedMs.toFixed(0)} ms; segments of ${lengths(noDelaySegments).join(', ')} bytes with it.`,
		});
		expect({ ...cut, lengths: [lengths(nagleSegments), lengths(noDelaySegments)] }).toMatchObject({
			nagle: true,
			noDelay: true,
		});
		return (
			`It reads all 40 bytes. Segments without TCP_NODELAY: ${lengths(nagleSegments).join(', ')} bytes, the second ` +
			`after ${waitedMs.toFixed(0)} ms. With it: ${lengths(noDelaySegments).join(', ')} bytes.`
		);
	},
);
