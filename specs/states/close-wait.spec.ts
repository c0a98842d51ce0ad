/** Does CLOSE-WAIT ever end by itself? */
import { expect, scenario, timeWait } from '../../harness/index.ts';

scenario(
	'close-wait: it outlives TIME-WAIT',
	{
		question: 'One connection is in TIME-WAIT, and another in CLOSE-WAIT, since before. Which of them ends by itself?',
		claims: ['QI14'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const forgotten = await client.socket({ name: 'forgotten' });
		await forgotten.connect(server.port(8080));
		await listener.accept();
		const orderly = await client.socket({ name: 'orderly' });
		await orderly.connect(server.port(8080));
		const kodos = await listener.accept();

		step('the server forgets to close');
		await forgotten.shutdown('WR');
		await expect(server).toHaveSocket({ state: 'CLOSE-WAIT', timer: 'none' });

		step('the other connection is closed by both sides');
		await orderly.close();
		await expect(kodos.recv()).toReturn(0);
		await kodos.close();
		await expect(client).toHaveSocket({ state: 'TIME-WAIT', timer: 'timewait' });

		step('a minute goes by');
		await timeline.upToDate();
		// It began with the ACK of kodos' FIN, the last that the client sent.
		const began = timeline.segments('client').at(-1)?.t ?? Number.NaN;
		await expect(client).toHaveNoSocket({ state: 'TIME-WAIT' }, { after: timeWait(), since: began });
		const left = await expect(server).toHaveSocket({ state: 'CLOSE-WAIT' });
		const seconds = timeline.timeIn('client', 'TIME-WAIT') ?? Number.NaN;
		claim('QI14', left.timer?.name === 'timewait', {
			holds: 'CLOSE-WAIT had a timewait timer.',
			differs:
				`It is TIME-WAIT that the timer moves to CLOSED, here after ${seconds.toFixed(0)} s. CLOSE-WAIT waits for ` +
				'the program’s own close (RFC 9293, 3.6), has no timer, and was still there; the source may have meant ' +
				'TIME-WAIT.',
		});
		return (
			`TIME-WAIT, after ${seconds.toFixed(0)} s. CLOSE-WAIT is still there, with timer ` +
			`${left.timer?.name ?? 'none'}: it lasts for as long as the program does.`
		);
	},
);
