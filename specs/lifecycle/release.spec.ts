/**
 * What is left on the wire and in the sockets of both hosts after Ctrl-C, and for how long? The kernel closes the
 * descriptors of a process that ends, so Ctrl-C is an orderly close. TIME-WAIT stays on the side that closed first (RFC
 * 9293, 3.6). Nothing is broken.
 */
import { DELACK_MIN_MS, expect, scenario, spanOf, TIMEWAIT_MS, timeWait } from '../../harness/index.ts';

scenario(
	'releasing: Ctrl-C at the client',
	{
		question:
			'The client is ended with Ctrl-C after a line was sent. How many segments does closing take, ' +
			'and what is left?',
		claims: ['HS2', 'HS3'],
	},
	async ({ client, server, timeline, step, claim, measured }) => {
		const listener = await server.ncat({ listen: 8080 });
		const caller = await client.ncat({ connect: server.port(8080) });
		await caller.type('hello\n');
		await expect(listener).toPrint('hello\n');

		step('Ctrl-C at the client');
		await caller.interrupt();
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 6', '< .', '> F.', '0..1x < .', '< F.', '> .');
		await expect(client).toHaveSocket({ state: 'TIME-WAIT', timer: 'timewait' });
		await expect(server).toHaveNoSocket();

		const closing = timeline.segments().slice(5);
		const [first, second] = closing.filter(({ flags }) => flags === 'F.');
		const apartMs = ((second?.t ?? Number.NaN) - (first?.t ?? Number.NaN)) * 1_000;
		// On a busy machine the server may close late. Then the delayed ACK is sent alone.
		claim('HS2', closing.length === 3 || apartMs >= DELACK_MIN_MS / 2, {
			holds:
				`The server closed ${apartMs.toFixed(1)} ms after the FIN, before a delayed ACK is due (${DELACK_MIN_MS} ms, ` +
				`TCP_ATO_MIN). So its FIN carries the ACK: ${closing.length} segments.`,
			differs: `The server’s ACK was sent alone, although its FIN came ${apartMs.toFixed(1)} ms after the client’s.`,
		});

		step('TIME-WAIT');
		const firstLook = await expect(client).toHaveSocket({ state: 'TIME-WAIT', timer: 'timewait' });
		const halfway = await expect(client).toHaveSocket(
			{ state: 'TIME-WAIT', timer: 'timewait', timerLeft: { atMostMs: TIMEWAIT_MS / 2 } },
			{ after: spanOf(TIMEWAIT_MS / 3), since: second?.t ?? Number.NaN },
		);
		await expect(client).toHaveNoSocket({ state: 'TIME-WAIT' }, { after: timeWait(), since: second?.t ?? Number.NaN });
		const left = [firstLook, halfway].map(({ timer }) => timer?.leftMs ?? Number.NaN);
		await timeline.upToDate();
		const seconds = timeline.timeIn('client', 'TIME-WAIT') ?? Number.NaN;
		measured('TIME-WAIT', seconds);
		const states = { client: timeline.states('client'), server: timeline.states('server') };
		const countsDown = left.every((ms, index) => ms <= (left[index - 1] ?? TIMEWAIT_MS));
		// ss shows TIME-WAIT a little later than it began, so 59 s instead of the 60 s of TCP_TIMEWAIT_LEN.
		claim(
			'HS3',
			countsDown && seconds >= 59 && states.client.includes('TIME-WAIT') && !states.server.includes('TIME-WAIT'),
			{
				holds:
					'On the side that closed first, ss showed timer:(timewait) with ' +
					`${left.map((ms) => ms / 1_000).join(' s, then ')} s left, and no socket after ${seconds.toFixed(0)} s ` +
					'(TCP_TIMEWAIT_LEN, which the timer wheel rounds up). The other side went from LAST-ACK to no socket at ' +
					'once.',
				differs:
					`TIME-WAIT was on the other side, or did not count down (${left.join(' ms, then ')} ms left), or lasted ` +
					`${seconds.toFixed(0)} s.`,
			},
		);
		return (
			`${closing.length} segments (${closing.map(({ flags }) => flags).join(' | ')}). The client’s side: ` +
			`${states.client.join(', ')}, with ${seconds.toFixed(0)} s in TIME-WAIT. The server’s side: ` +
			`${states.server.join(', ')}.`
		);
	},
);
