/**
 * What does the client see when the server crashes and is back within a moment? The server loses its power and boots
 * again with the same address. No FIN is sent, so the client's kernel cannot know; only a segment of its own shows it
 * that the connection is gone. kang is the client's program, kodos the server's.
 */
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
		// No timer runs on kang's socket, so nothing changes it until kang does something.
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0, timer: 'none' });
		await timeline.upToDate();
		claim('PZ5', timeline.states('client').at(-1) === 'ESTAB' && !kang.returned('read', 0), {
			holds:
				'The new stack has no socket. The client’s socket is in ESTAB without a timer, so it stays until somebody ' +
				'sends.',
			differs: 'The client learned of the reboot without sending anything.',
		});

		step('kang writes');
		await kang.type('kodos, are you there?\n');
		await expect(kang).toHaveReturned('write', 22);
		await expect(kang).toFail('read', 'ECONNRESET');
		// The new stack does not know the connection (RFC 9293, 3.10.7.1). It answers with a RST whose sequence number is
		// the ACK number of the segment that arrived.
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 22', '< R');
		await expect(client).toHaveNoSocket();
		claim('PZ6', kang.returned('write', 22) && kang.failed('read', 'ECONNRESET'), {
			holds:
				'write only copies into the send buffer. The RST arrives later and wakes poll, and read returns the error ' +
				'(tcp_reset sets sk_err).',
			differs: 'The write failed, or the read did not fail with ECONNRESET.',
		});

		step('kang continues');
		await kang.type('still there?\n');
		await expect(kang).toFail('write', 'EPIPE');
		await expect(kang).toHaveReturned('read', 0);
		const laterCalls = kang.afterFailing('read', 'ECONNRESET');
		claim(
			'PZ7',
			laterCalls.every(({ errno }) => errno === 'ECONNRESET'),
			{
				holds: 'Every operation after the RST failed with ECONNRESET.',
				differs:
					'Only one call returns an error of a socket, because reading it clears it (sock_error). After that read ' +
					'returns 0 and write fails with EPIPE, because both directions are shut down (tcp_done).',
			},
		);
		await expect(client).toReport('ECONNRESET');
		return (
			'Nothing, as long as it does not send. When it writes, a RST answers: its writes give ' +
			`${kang.results('write')}; its reads give ${kang.results('read')}.`
		);
	},
);
