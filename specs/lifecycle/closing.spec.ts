/** Does closing a connection take three segments or four? */
import { DELACK_MAX_MS, DELACK_MIN_MS, expect, scenario } from '../../harness/index.ts';

scenario(
	'closing: the peer closes at once',
	{
		question: 'The server ends, and telnet has nothing more to send. How many segments does closing take?',
		claims: ['WF2'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const kodos = await server.ncTraditional({ listen: 8080 });
		const kang = await client.telnet({ connect: server.port(8080) });
		await kodos.type('welcome\n');
		await expect(kang).toPrint('welcome');

		step('Ctrl-C at kodos');
		await kodos.interrupt();
		await expect(kang).toHaveReturned('read', 0);
		await expect(timeline).toShowSegments('...', '< F.', '0..1x > .', '> F.', '< .');
		const closing = timeline.segments().slice(timeline.segments().findIndex(({ flags }) => flags === 'F.'));
		const [first, second] = closing.filter(({ flags }) => flags === 'F.');
		const apartMs = ((second?.t ?? Number.NaN) - (first?.t ?? Number.NaN)) * 1_000;
		claim('WF2', closing.length === 3 || apartMs >= DELACK_MIN_MS / 2, {
			holds:
				`telnet closed ${apartMs.toFixed(1)} ms after the FIN; the ACK of a FIN is delayed (tcp_fin enters ` +
				`pingpong mode), so the client’s own FIN carried it: ${closing.length} segments.`,
			differs: `The ACK went alone although telnet closed ${apartMs.toFixed(1)} ms after the FIN.`,
		});
		return `${closing.length} (${closing.map(({ flags }) => flags).join(' | ')}).`;
	},
);

const histories = [
	{ history: 'a connection that has carried data', greeting: true, claims: ['WF3', 'WF5'] },
	{ history: 'a fresh connection', greeting: false, claims: [] },
] as const;

scenario.each(histories)(
	'closing: the peer takes its time, $history',
	({ claims }) => ({
		question:
			'The client closes, but the server only goes on to close when its ACK of the FIN has been seen. When does ' +
			'that ACK come?',
		claims,
	}),
	async ({ client, server, timeline, step, claim }, { greeting }) => {
		const listener = await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.connect(server.port(8080));
		const kodos = await listener.accept();
		if (greeting) {
			await kang.send('hello\n');
			await kodos.recv();
		}

		step('kang closes');
		await kang.close();
		await expect(kodos.recv()).toReturn(0);
		await expect(client).toHaveSocket({ state: 'FIN-WAIT-2' });
		await expect(server).toHaveSocket({ state: 'CLOSE-WAIT' });

		step('kodos closes');
		await kodos.close();
		await expect(timeline).toShowSegments('...', '> F.', '< .', '< F.', '> .');
		const closing = timeline.segments().slice(timeline.segments().findIndex(({ flags }) => flags === 'F.'));
		const [fin, ack] = closing;
		const delayMs = ((ack?.t ?? Number.NaN) - (fin?.arrived ?? Number.NaN)) * 1_000;
		if (greeting) {
			claim('WF3', closing.length === 4, {
				holds:
					'The ACK does not wait for close for ever: when its timer has run out it goes alone ' +
					'(tcp_delack_timer_handler), and the FIN follows as a segment of its own.',
				differs: `There were ${closing.length} segments.`,
			});
			claim('WF5', delayMs >= DELACK_MIN_MS / 2 && delayMs <= DELACK_MAX_MS, {
				holds:
					`The ACK came ${delayMs.toFixed(0)} ms after the FIN: a delayed ACK waits icsk_ack.ato ` +
					`(tcp_send_delayed_ack), which the first data sets to TCP_ATO_MIN = ${DELACK_MIN_MS} ms ` +
					'(tcp_event_data_recv).',
				differs: `The ACK came ${delayMs.toFixed(1)} ms after the FIN.`,
			});
		} else {
			// Nothing was received that could have set the delay (icsk_ack.ato is 0 until tcp_event_data_recv): the next tick
			// of the kernel's timer sends it. The upper bound leaves room for a busy machine.
			expect(delayMs).toBeLessThan(DELACK_MAX_MS);
		}
		return (
			`After ${delayMs.toFixed(0)} ms. Closing takes ${closing.length} segments ` +
			`(${closing.map(({ flags }) => flags).join(' | ')}).`
		);
	},
);
