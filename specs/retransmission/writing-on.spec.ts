/**
 * What do a program's calls return if it writes on while nothing is acknowledged? Everything is lost on its way to the
 * server. A write only copies into the send buffer, so it succeeds until the kernel has given up.
 */
import { expect, retransmissionTimeout, scenario, shortened } from '../../harness/index.ts';

/**
 * The default is 15 and takes a quarter of an hour. In real time it is 6, which takes 25 s: long enough for the writes
 * before that.
 */
const retries2 = shortened({ default: 15, to: 6 });

scenario(
	'writing on: ETIMEDOUT once',
	{
		question:
			'The client writes again and again, and nothing arrives any more. What does each write return, before and ' +
			'after the kernel gives up?',
		claims: ['KH-dead3'],
		sysctls: { tcp_retries2: retries2 },
	},
	async ({ client, server, timeline, step, claim }) => {
		await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));

		await server.drop({ name: 'silence' });
		for (const text of ['one', 'two', 'three']) await expect(writer.send(text)).toReturn(text.length);
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 11, timer: 'on' });
		await expect(writer.send('four')).toReturn(4);
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 15, timer: 'on' });
		await timeline.upToDate();
		const since = timeline.segments('client').find(({ length }) => length > 0)?.t ?? 0;
		await expect(client).toHaveNoSocket({}, { after: retransmissionTimeout({ retries2 }), since });

		step('the kernel has given up');
		const before = writer.process.results('write');
		await expect(writer.send('five')).toFailWith('ETIMEDOUT');
		await expect(writer.send('six', 'MSG_NOSIGNAL')).toFailWith('EPIPE');
		await expect(writer.recv()).toReturn(0);
		await expect(writer.send('seven', 'MSG_NOSIGNAL')).toFailWith('EPIPE');
		await expect(writer.recv()).toReturn(0);
		const { process } = writer;
		const answer =
			`Before: ${before}. After: ${process.results('write').slice(`${before}, then `.length)}. The reads give ` +
			`${process.results('read')}.`;
		claim(
			'KH-dead3',
			process.results('write') === `${before}, then ETIMEDOUT, then EPIPE, then EPIPE` &&
				process.results('read') === '0, then 0',
			{
				holds:
					'A write on a closed connection returns the error of the socket, and so clears it (sk_stream_wait_connect, ' +
					'sock_error). With no error left, it fails with EPIPE. A read finds the receiving side shut (tcp_done) and ' +
					'returns 0.',
				differs: `The writes gave ${process.results('write')}; the reads gave ${process.results('read')}.`,
			},
		);

		step('once more, without MSG_NOSIGNAL');
		writer.send('eight');
		await expect(process).toHaveEnded({ signal: 'SIGPIPE' });
		return (
			`${answer} Without MSG_NOSIGNAL, ${process.end && 'signal' in process.end ? process.end.signal : 'nothing'} ` +
			'ends the process instead of EPIPE.'
		);
	},
);
