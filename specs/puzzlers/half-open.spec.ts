/**
 * How long can a connection stay half-closed, and what happens to data that is still sent? The article calls it
 * half-open. The server shuts its sending side, and the client keeps its socket open: FIN-WAIT-2 and CLOSE-WAIT,
 * without any failure. Later the server closes its socket, and the client cannot know. kang is the client's program,
 * kodos the server's.
 */
import { expect, finWait2Timeout, scenario, shortened } from '../../harness/index.ts';

/** In seconds; the default is 60. */
const finTimeout = shortened({ default: 60, to: 20 });

scenario(
	'half-open: one side has closed, the other keeps on',
	{
		question:
			'kodos has said that it will send no more; kang keeps its socket open and continues to send. How long can it? ' +
			'And what happens when kodos really closes?',
		claims: ['PZ10', 'PZ10b', 'PZ11', 'PZ12', 'PZ13'],
		sysctls: { tcp_fin_timeout: finTimeout },
	},
	async ({ client, server, timeline, step, claim }) => {
		const kodos = await server.nc({ listen: 8080, shutdownAtEof: true });
		const kang = await client.dnc({ connect: server.port(8080) });

		step('kodos shuts its sending side');
		await kodos.endInput();
		await expect(kodos).toHaveReturned('shutdown', 0);
		await expect(kang).toHaveReturned('read', 0);
		// Neither side has a timer, so these states last as long as both hosts do.
		await expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'none' });
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT', timer: 'none' });
		await timeline.upToDate();
		claim(
			'PZ10',
			timeline.states('server').at(-1) === 'FIN-WAIT-2' && timeline.states('client').at(-1) === 'CLOSE-WAIT',
			{
				holds:
					'FIN-WAIT-2 has no timer while a process holds the socket; only a closed socket gets one ' +
					'(tcp_rcv_state_process, __tcp_close). CLOSE-WAIT has none either.',
				differs: 'One of the sides changed its state by itself.',
			},
		);

		step('kang continues to send');
		for (const line of ['one\n', 'two\n', 'three\n']) {
			await kang.type(line);
			await expect(kodos).toPrint(line);
		}
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT', sendQueue: 0, timer: 'none' });
		claim('PZ10b', kodos.output === 'one\ntwo\nthree\n', {
			holds:
				'A FIN ends only one direction (RFC 9293, 3.6). Everything that was sent in the other direction was ' +
				'acknowledged and read.',
			differs: 'The server did not receive what was sent after its FIN.',
		});

		step('kodos really closes');
		const orphan = expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'timewait' });
		await kodos.interrupt();
		await orphan;
		await expect(server).toHaveNoSocket({}, { after: finWait2Timeout({ finTimeout }) });
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT', timer: 'none' });
		// Nothing was sent to the peer: the last segment on the wire is the ACK of "three".
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> .',
			'< F.',
			'> .',
			'> P. 4',
			'< .',
			'> P. 4',
			'< .',
			'> P. 6',
			'< .',
		);
		claim(
			'PZ11',
			timeline.segments('server').at(-1)?.flags === '.' && timeline.states('client').at(-1) === 'CLOSE-WAIT',
			{
				holds:
					`Without a process, FIN-WAIT-2 is a time-wait socket. It lasts tcp_fin_timeout (${finTimeout} s here, 60 s ` +
					'by default) and ends without a segment (tcp_time_wait).',
				differs: 'The client received something when the server’s FIN-WAIT-2 ended, or its socket ended, too.',
			},
		);

		step('kang writes, too late');
		await kang.type('too late\n');
		await expect(kang).toHaveReturned('write', 9);
		await expect(timeline).toShowSegment('< R');
		await expect(client).toHaveNoSocket();
		await kang.type('far too late\n');
		await expect(kang).toFail('write', 'EPIPE');
		// It has read once more because of the RST, and once because of the typed line, and is in poll again.
		await expect(kang).toBlockIn('poll');
		claim('PZ12', kang.returned('write', 9) && kang.failed('read', 'ECONNRESET'), {
			holds: 'The late write succeeded, and the RST that answered it made read fail with ECONNRESET.',
			differs:
				'The late write succeeds and is answered with a RST. But in CLOSE-WAIT, Linux turns the RST into EPIPE ' +
				'(tcp_reset), and read still returns 0, because the stream had ended before (SOCK_DONE).',
		});
		// One counterexample is enough. On the article's system, this read failed with ECONNRESET.
		claim('PZ13', kang.failed('read', 'ECONNRESET'), {
			holds:
				'Errnos were those of the article’s system, even where a difference was expected: after a ' +
				'RST in CLOSE-WAIT.',
			differs:
				'Segments and states are the same everywhere, because RFC 9293 defines them. Errnos depend on the system: a ' +
				'RST in CLOSE-WAIT is EPIPE here, and ECONNRESET on illumos.',
		});
		// A RST in CLOSE-WAIT sets EPIPE (tcp_reset). A read after the end of the stream returns 0 without checking for an
		// error (SOCK_DONE in tcp_recvmsg_locked).
		await expect(client).toReport('EPIPE');
		const orphanedSeconds = timeline.timeIn('server', 'FIN-WAIT-2') ?? Number.NaN;
		return (
			'Without a limit, because neither socket has a timer. After the real close, kodos’ half is gone after ' +
			`${orphanedSeconds.toFixed(1)} s, and nothing is sent. kang’s writes give ${kang.results('write')}; its reads ` +
			`give ${kang.results('read')}.`
		);
	},
);
