/**
 * A slow link with a deep queue in front of it (bufferbloat) loses nothing, but delays by seconds. Does TCP_USER_TIMEOUT
 * take that for a dead peer? By tcp(7), it is the time for which transmitted data may remain unacknowledged. The kernel
 * looks at it only when the retransmission timer expires, and counts from the first retransmission
 * (retransmits_timed_out). So it depends on whether the connection has seen the delay grow.
 */
import { expect, type ScenarioLab, scenario, spanOf } from '../../harness/index.ts';

const userTimeoutMs = 1_000;
/** 5 bytes per millisecond, and a queue of 12 s. Everything that is sent here fits into it. */
const slow = { name: 'slow', from: 'client', kbit: 40, queueBytes: 60_000 } as const;
/** As long as the whole queue takes. */
const after = { atLeastMs: 0, atMostMs: 30_000 };

async function connected({ client, server }: ScenarioLab) {
	const listener = await (await server.socket()).listen(8080);
	const writer = await client.socket();
	await writer.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
	await writer.setOption('TCP_NODELAY', 1);
	await writer.connect(server.port(8080));
	return { writer, reader: await listener.accept() };
}

scenario(
	'full queue: filled by the connection itself',
	{
		question:
			`A writer with TCP_USER_TIMEOUT of ${userTimeoutMs} ms fills the queue of a slow link, until its data needs ` +
			'longer than that to be acknowledged. Does the timeout end the connection?',
		claims: ['WI-queue1'],
	},
	async (lab) => {
		const { client, link, timeline, claim } = lab;
		const { writer, reader } = await connected(lab);
		const rate = await link.rate(slow);
		// The first ones are small, and take 0.12 s each: the first acknowledgements come before the timer of 0.2 s expires
		// (TCP_RTO_MIN), and the kernel measures how the round-trip time grows (RFC 6298, 2.3).
		const [pieces, bytes] = [40, 500];
		for (let piece = 0; piece < pieces; piece++) await writer.send('x'.repeat(bytes));
		await expect(reader.recv(pieces * bytes, 'MSG_WAITALL')).toReturn(pieces * bytes, { after });
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0, timer: 'none' });
		await rate.heal();
		await timeline.upToDate();

		const acks = timeline.segments('server').filter(({ flags }) => flags === '.');
		const unackedMs = timeline
			.segments('client')
			.filter(({ length, retransmission }) => length > 0 && !retransmission)
			.map(({ t, seq, length }) => {
				const acked = acks.find(({ ack, arrived }) => ack >= seq + length && arrived !== undefined);
				return ((acked?.arrived ?? Number.NaN) - t) * 1_000;
			});
		const longestMs = Math.max(...unackedMs);
		expect(longestMs).toBeGreaterThan(userTimeoutMs);
		const ended = timeline.states('client').includes('CLOSED');
		claim('WI-queue1', ended, {
			holds: `The connection ended after at most ${longestMs.toFixed(0)} ms without an acknowledgement.`,
			differs:
				`Data was unacknowledged for up to ${longestMs.toFixed(0)} ms, and the connection goes on: the timeout is ` +
				'looked at only when the retransmission timer expires (tcp_write_timeout), and that timer follows the ' +
				'round-trip time.',
		});
		return `No, although data stays unacknowledged for up to ${(longestMs / 1_000).toFixed(1)} s.`;
	},
);

scenario(
	'full queue: filled by another connection',
	{
		question:
			`Another program fills the queue of a slow link. Then a writer with TCP_USER_TIMEOUT of ${userTimeoutMs} ms sends ` +
			'5 bytes. Does its timeout end a connection whose peer is alive?',
		claims: ['WI-queue2'],
	},
	async (lab) => {
		const { client, server, link, timeline, step, claim } = lab;
		const { writer, reader } = await connected(lab);
		await (await server.socket()).listen(8081);
		const other = await client.socket();
		await other.connect(server.port(8081));
		await link.rate(slow);

		step('another program sends a lot');
		// The initial window is ten segments (RFC 6928), which takes 3 s.
		await other.send('x'.repeat(20_000));
		step('the writer sends a little');
		await writer.send('hello');
		await expect(writer.recv()).toFailWith('ETIMEDOUT', { after: spanOf(userTimeoutMs) });
		await expect(client).toHaveNoSocket({ remotePort: 8080 });

		step('the data arrives');
		await expect(reader.recv()).toReturn(5, { after });
		// The client’s kernel has no such connection any more (RFC 9293, 3.10.7.1).
		await expect(timeline).toShowSegment('> R', { after });
		await expect(reader.recv()).toFailWith('ECONNRESET', { after });
		await timeline.upToDate();

		const [sent] = timeline.segments('client', 8080).filter(({ length }) => length > 0);
		const failed = timeline.calls('read', 'client').find(({ errno }) => errno === 'ETIMEDOUT');
		const gaveUpAt = (failed?.t ?? Number.NaN) + (failed?.took ?? Number.NaN);
		const [sentAt, arrivedAt] = [sent?.t ?? Number.NaN, sent?.arrived ?? Number.NaN];
		const seconds = (t: number) => (t - sentAt).toFixed(1);
		claim('WI-queue2', sent?.fate === 'delivered' && arrivedAt > gaveUpAt, {
			holds:
				`The writer is told ETIMEDOUT after ${seconds(gaveUpAt)} s; its first segment arrives after ` +
				`${seconds(arrivedAt)} s. To the sender, a long queue looks like a dead peer.`,
			differs: `The writer was told after ${seconds(gaveUpAt)} s, the segment arrived after ${seconds(arrivedAt)} s.`,
		});
		return (
			`Yes: ETIMEDOUT after ${seconds(gaveUpAt)} s. The reader gets the data all the same, ${seconds(arrivedAt)} s ` +
			'after it was sent, and then a RST.'
		);
	},
);
