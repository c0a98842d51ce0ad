/** What does the client see when the server crashes and is back within a moment? */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'abrupt reboot: the peer comes back and knows nothing',
	{
		question:
			'kodos loses its power and is back at once, with the same address. What does kang see, and what happens when ' +
			'it writes?',
		claims: ['PZ5', 'PZ6', 'PZ7'],
	},
	async ({ client, server, timeline, step, claim }) => {
		await server.nc({ listen: 8080 });
		const kang = await client.dnc({ connect: server.port(8080) });

		await server.reboot();
		await expect(server).toHaveNoSocket();
		// No timer runs on kang's socket: nothing will ever change it but kang's own doing.
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0, timer: 'none' });
		await timeline.upToDate();
		claim('PZ5', timeline.states('client').at(-1) === 'ESTAB' && !kang.returned('read', 0), {
			holds:
				'The new stack has no socket; the client’s is ESTAB without any timer, so it stays so until somebody sends.',
			differs: 'The client learned of the reboot without sending anything.',
		});

		step('kang writes');
		await kang.type('kodos, are you there?\n');
		await expect(kang).toHaveReturned('write', 22);
		await expect(kang).toFail('read', 'ECONNRESET');
		// The new stack knows no such connection (RFC 9293, 3.10.7.1): it answers with a RST whose number is the ACK of
		// what it got.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 22', '< R');
		await expect(client).toHaveNoSocket();
		claim('PZ6', kang.returned('write', 22) && kang.failed('read', 'ECONNRESET'), {
			holds:
				'write only copies into the send buffer; the RST comes later and wakes poll, and read takes the error ' +
				'(tcp_reset sets sk_err).',
			differs: 'The write failed, or the read did not tell ECONNRESET.',
		});

		step('kang goes on');
		await kang.type('still there?\n');
		await expect(kang).toFail('write', 'EPIPE');
		await expect(kang).toHaveReturned('read', 0);
		const later = kang.afterFailing('read', 'ECONNRESET');
		claim(
			'PZ7',
			later.every(({ errno }) => errno === 'ECONNRESET'),
			{
				holds: 'Every operation after the RST failed with ECONNRESET.',
				differs:
					'An error of a socket is told once: reading it clears it (sock_error). After that read returns 0 and ' +
					'write EPIPE, for both directions are shut down (tcp_done).',
			},
		);
		await expect(client).toReport('ECONNRESET');
		return (
			'Nothing, for as long as it is silent. When it writes, a RST answers: its writes give ' +
			`${kang.results('write')}; its reads give ${kang.results('read')}.`
		);
	},
);
