/** What does Ctrl-C leave on the wire and in the tables of both hosts, and for how long? */
import { DELACK_MIN_MS, expect, scenario, spanOf, TIMEWAIT_MS, timeWait } from '../../harness/index.ts';

scenario(
	'releasing: Ctrl-C at the client',
	{
		question:
			'The client is ended with Ctrl-C after a line was sent. How many segments does it take, and what is left?',
		claims: ['HS2', 'HS3'],
	},
	async ({ client, server, timeline, step, claim, measured }) => {
		const kodos = await server.ncat({ listen: 8080 });
		const kang = await client.ncat({ connect: server.port(8080) });
		await kang.type('hello\n');
		await expect(kodos).toPrint('hello\n');

		step('Ctrl-C at kang');
		await kang.interrupt();
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 6', '< .', '> F.', '0..1x < .', '< F.', '> .');
		await expect(client).toHaveSocket({ state: 'TIME-WAIT', timer: 'timewait' });
		await expect(server).toHaveNoSocket();

		const closing = timeline.segments().slice(5);
		const [first, second] = closing.filter(({ flags }) => flags === 'F.');
		const apartMs = ((second?.t ?? Number.NaN) - (first?.t ?? Number.NaN)) * 1_000;
		// A machine that is busy may keep the server from closing in time: then the delayed ACK goes alone, by its own
		// rule.
		claim('HS2', closing.length === 3 || apartMs >= DELACK_MIN_MS / 2, {
			holds:
				`The server closed ${apartMs.toFixed(1)} ms after the FIN, sooner than a delayed ACK is sent ` +
				`(${DELACK_MIN_MS} ms, TCP_ATO_MIN), so its FIN carries the ACK: ${closing.length} segments.`,
			differs: `The server’s ACK went alone although its FIN came ${apartMs.toFixed(1)} ms after the client’s.`,
		});

		step('TIME-WAIT');
		const early = await expect(client).toHaveSocket({ state: 'TIME-WAIT', timer: 'timewait' });
		const halfway = await expect(client).toHaveSocket(
			{ state: 'TIME-WAIT', timer: 'timewait', timerLeft: { atMostMs: TIMEWAIT_MS / 2 } },
			{ after: spanOf(TIMEWAIT_MS / 3), since: second?.t ?? Number.NaN },
		);
		await expect(client).toHaveNoSocket({ state: 'TIME-WAIT' }, { after: timeWait(), since: second?.t ?? Number.NaN });
		const left = [early, halfway].map(({ timer }) => timer?.leftMs ?? Number.NaN);
		await timeline.upToDate();
		const seconds = timeline.timeIn('client', 'TIME-WAIT') ?? Number.NaN;
		measured('TIME-WAIT', seconds);
		const passed = { client: timeline.states('client'), server: timeline.states('server') };
		const countsDown = left.every((ms, index) => ms <= (left[index - 1] ?? TIMEWAIT_MS));
		claim(
			'HS3',
			countsDown && seconds >= 59 && passed.client.includes('TIME-WAIT') && !passed.server.includes('TIME-WAIT'),
			{
				holds:
					'On the side that closed first ss showed timer:(timewait) with ' +
					`${left.map((ms) => ms / 1_000).join(' s, then ')} s left, and nothing after ${seconds.toFixed(0)} s ` +
					'(TCP_TIMEWAIT_LEN, which the timer wheel rounds up); the other side went from LAST-ACK to nothing at once.',
				differs:
					`TIME-WAIT was on the other side, or did not count down (${left.join(' ms, then ')} ms left), or lasted ` +
					`${seconds.toFixed(0)} s.`,
			},
		);
		return (
			`${closing.length} segments (${closing.map(({ flags }) => flags).join(' | ')}). kang’s side: ` +
			`${passed.client.join(', ')}, the last but one for ${seconds.toFixed(0)} s; kodos’ side: ` +
			`${passed.server.join(', ')}.`
		);
	},
);
