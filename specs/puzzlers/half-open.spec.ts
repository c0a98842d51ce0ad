/** How long can a connection stay half closed, and what becomes of data that is still sent? */
import { expect, finWait2Timeout, scenario, shortened } from '../../harness/index.ts';

/** In seconds; the default is 60. */
const finTimeout = shortened({ default: 60, to: 20 });

scenario(
	'half-open: one side has closed, the other keeps on',
	{
		question:
			'kodos has said that it will send no more; kang keeps its socket open and goes on sending. For how long? ' +
			'And what when kodos closes for real?',
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
		// No timer on either side: this is no transition but a state, and lasts for as long as both hosts do.
		await expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'none' });
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT', timer: 'none' });
		await timeline.upToDate();
		claim(
			'PZ10',
			timeline.states('server').at(-1) === 'FIN-WAIT-2' && timeline.states('client').at(-1) === 'CLOSE-WAIT',
			{
				holds:
					'FIN-WAIT-2 of a socket that a process still holds has no timer (only a closed one gets it: ' +
					'tcp_rcv_state_process, __tcp_close), nor has CLOSE-WAIT.',
				differs: 'One of the sides went on by itself.',
			},
		);

		step('kang goes on sending');
		for (const line of ['one\n', 'two\n', 'three\n']) {
			await kang.type(line);
			await expect(kodos).toPrint(line);
		}
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT', sendQueue: 0, timer: 'none' });
		claim('PZ10b', kodos.output === 'one\ntwo\nthree\n', {
			holds:
				'A FIN ends one direction only (RFC 9293, 3.6); all that was sent the other way was acknowledged and read.',
			differs: 'The server did not receive what was sent after its FIN.',
		});

		step('kodos closes for real');
		const orphan = expect(server).toHaveSocket({ state: 'FIN-WAIT-2', timer: 'timewait' });
		await kodos.interrupt();
		await orphan;
		await expect(server).toHaveNoSocket({}, { after: finWait2Timeout({ finTimeout }) });
		await expect(client).toHaveSocket({ state: 'CLOSE-WAIT', timer: 'none' });
		// Nothing was told to the peer: the last thing on the wire is the ACK of "three".
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
					`The orphaned FIN-WAIT-2 is a time-wait socket that lasts tcp_fin_timeout (${finTimeout} s here; 60 s is ` +
					'the default) and goes without a segment (tcp_time_wait).',
				differs: 'The end of the server’s FIN-WAIT-2 was told to the client, or the client’s socket went with it.',
			},
		);

		step('kang writes too late');
		await kang.type('too late\n');
		await expect(kang).toHaveReturned('write', 9);
		await expect(timeline).toShowSegment('< R');
		await expect(client).toHaveNoSocket();
		await kang.type('far too late\n');
		await expect(kang).toFail('write', 'EPIPE');
		// It has read once more for the RST, and once for what was typed, and waits again.
		await expect(kang).toBlockIn('poll');
		claim('PZ12', kang.returned('write', 9) && kang.failed('read', 'ECONNRESET'), {
			holds: 'The late write succeeded, and the RST that answered it made read fail with ECONNRESET.',
			differs:
				'The late write succeeds and draws a RST, but in CLOSE-WAIT Linux turns that into EPIPE (tcp_reset), and ' +
				'read goes on returning 0: the stream had ended before (SOCK_DONE).',
		});
		// One counterexample is enough: the article's system told ECONNRESET here.
		claim('PZ13', kang.failed('read', 'ECONNRESET'), {
			holds: 'This system told what the article’s told, also where they were expected to part: a RST in CLOSE-WAIT.',
			differs:
				'Segments and states are the same everywhere, for RFC 9293 sets them; errnos are the system’s own: a RST ' +
				'in CLOSE-WAIT is EPIPE here, and ECONNRESET on illumos.',
		});
		// A RST in CLOSE-WAIT is EPIPE (tcp_reset), and a read after the end of the stream never comes to look at it
		// (SOCK_DONE in tcp_recvmsg_locked).
		await expect(client).toReport('EPIPE');
		const orphaned = timeline.timeIn('server', 'FIN-WAIT-2') ?? Number.NaN;
		return (
			'For any time: neither socket has a timer. Closed for real, kodos’ half vanishes after ' +
			`${orphaned.toFixed(1)} s without a word. kang’s writes give ${kang.results('write')}; its reads give ` +
			`${kang.results('read')}.`
		);
	},
);
