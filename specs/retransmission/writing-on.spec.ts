/** What do the calls of a program tell that writes on while nobody acknowledges? */
import { expect, retransmissionTimeout, scenario, shortened } from '../../harness/index.ts';

/** The default is 15 and takes a quarter of an hour; 6 takes 25 s, long enough for all that is written before. */
const retries2 = shortened({ default: 15, to: 6 });

scenario(
	'writing on: ETIMEDOUT once',
	{
		question:
			'kang writes again and again, and nothing arrives any more. What does each write give, before and after the ' +
			'kernel gives up?',
		claims: ['KH-dead3'],
		sysctls: { tcp_retries2: retries2 },
	},
	async ({ client, server, timeline, step, claim }) => {
		await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.connect(server.port(8080));

		await server.drop({ name: 'silence' });
		for (const text of ['one', 'two', 'three']) await expect(kang.send(text)).toReturn(text.length);
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 11, timer: 'on' });
		await expect(kang.send('four')).toReturn(4);
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 15, timer: 'on' });
		await timeline.upToDate();
		const since = timeline.segments('client').find(({ length }) => length > 0)?.t ?? 0;
		await expect(client).toHaveNoSocket({}, { after: retransmissionTimeout({ retries2 }), since });

		step('the kernel has given up');
		const before = kang.process.results('write');
		await expect(kang.send('five')).toFailWith('ETIMEDOUT');
		await expect(kang.send('six', 'MSG_NOSIGNAL')).toFailWith('EPIPE');
		await expect(kang.recv()).toReturn(0);
		await expect(kang.send('seven', 'MSG_NOSIGNAL')).toFailWith('EPIPE');
		await expect(kang.recv()).toReturn(0);
		const { process } = kang;
		const answer =
			`Before: ${before}. After: ${process.results('write').slice(`${before}, then `.length)}; its reads give ` +
			`${process.results('read')}.`;
		claim(
			'KH-dead3',
			process.results('write') === `${before}, then ETIMEDOUT, then EPIPE, then EPIPE` &&
				process.results('read') === '0, then 0',
			{
				holds:
					'A write on a closed connection takes the error of the socket, and so clears it (sk_stream_wait_connect, ' +
					'sock_error); with none left it is EPIPE. A read finds the receiving side shut (tcp_done): 0.',
				differs: `The writes gave ${process.results('write')}; the reads gave ${process.results('read')}.`,
			},
		);

		step('once more, without MSG_NOSIGNAL');
		kang.send('eight');
		await expect(process).toHaveEnded({ signal: 'SIGPIPE' });
		return (
			`${answer} Who did not ask for an errno by MSG_NOSIGNAL is ended by ` +
			`${process.end && 'signal' in process.end ? process.end.signal : 'nothing'} instead of EPIPE.`
		);
	},
);
