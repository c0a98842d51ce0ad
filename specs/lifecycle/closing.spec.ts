/**
 * Does closing a connection take three segments or four? Each side sends a FIN, and each FIN is acknowledged (RFC 9293,
 * 3.6). The second side can send its ACK together with its FIN, if it closes before the delayed ACK is due. Nothing is
 * broken.
 */
import { DELACK_MAX_MS, DELACK_MIN_MS, expect, scenario } from '../../harness/index.ts';

scenario(
	'closing: the peer closes at once',
	{
		question: 'The server’s program ends, and telnet has nothing more to send. How many segments does closing take?',
		claims: ['WF2'],
		needsIpv4: 'netcat-traditional has no IPv6',
	},
	async ({ client, server, timeline, step, claim }) => {
		const netcat = await server.ncTraditional({ listen: 8080 });
		const telnet = await client.telnet({ connect: server.port(8080) });
		await netcat.type('welcome\n');
		await expect(telnet).toPrint('welcome');

		step('Ctrl-C at the server');
		await netcat.interrupt();
		await expect(telnet).toHaveReturned('read', 0);
		await expect(timeline).toShowSegments('...', '< F.', '0..1x > .', '> F.', '< .');
		const closing = timeline.segments().slice(timeline.segments().findIndex(({ flags }) => flags === 'F.'));
		const [first, second] = closing.filter(({ flags }) => flags === 'F.');
		const apartMs = ((second?.t ?? Number.NaN) - (first?.t ?? Number.NaN)) * 1_000;
		// On a busy machine telnet may close late. Then the delayed ACK is sent alone.
		claim('WF2', closing.length === 3 || apartMs >= DELACK_MIN_MS / 2, {
			holds:
				`telnet closed ${apartMs.toFixed(1)} ms after the FIN. The ACK of a FIN is delayed (tcp_fin enters pingpong ` +
				`mode), so the client’s own FIN carried it: ${closing.length} segments.`,
			differs: `The ACK was sent alone, although telnet closed ${apartMs.toFixed(1)} ms after the FIN.`,
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
			'The client closes, and the server closes only after its ACK of the client’s FIN was seen. When is that ACK ' +
			'sent?',
		claims,
	}),
	async ({ client, server, timeline, step, claim }, { greeting }) => {
		const listener = await (await server.socket()).listen(8080);
		const closer = await client.socket();
		await closer.connect(server.port(8080));
		const peer = await listener.accept();
		if (greeting) {
			await closer.send('hello\n');
			await peer.recv();
		}

		step('the client closes');
		await closer.close();
		await expect(peer.recv()).toReturn(0);
		await expect(client).toHaveSocket({ state: 'FIN-WAIT-2' });
		await expect(server).toHaveSocket({ state: 'CLOSE-WAIT' });

		step('the server closes');
		await peer.close();
		await expect(timeline).toShowSegments('...', '> F.', '< .', '< F.', '> .');
		const closing = timeline.segments().slice(timeline.segments().findIndex(({ flags }) => flags === 'F.'));
		const [fin, ack] = closing;
		const delayMs = ((ack?.t ?? Number.NaN) - (fin?.arrived ?? Number.NaN)) * 1_000;
		if (greeting) {
			claim('WF3', closing.length === 4, {
				holds:
					'The ACK does not wait for close() without a limit: when its timer expires, it is sent alone ' +
					'(tcp_delack_timer_handler), and the FIN follows as its own segment.',
				differs: `There were ${closing.length} segments.`,
			});
			claim('WF5', delayMs >= DELACK_MIN_MS / 2 && delayMs <= DELACK_MAX_MS, {
				holds:
					`The ACK was sent ${delayMs.toFixed(0)} ms after the FIN: a delayed ACK waits for icsk_ack.ato ` +
					`(tcp_send_delayed_ack), which the first data sets to TCP_ATO_MIN = ${DELACK_MIN_MS} ms ` +
					'(tcp_event_data_recv).',
				differs: `The ACK was sent ${delayMs.toFixed(1)} ms after the FIN.`,
			});
		} else {
			// No data arrived that could have set the delay (icsk_ack.ato is 0 until tcp_event_data_recv), so the next tick
			// of the kernel's timer sends the ACK. The upper bound leaves room for a busy machine.
			expect(delayMs).toBeLessThan(DELACK_MAX_MS);
		}
		return (
			`After ${delayMs.toFixed(0)} ms. Closing takes ${closing.length} segments ` +
			`(${closing.map(({ flags }) => flags).join(' | ')}).`
		);
	},
);
