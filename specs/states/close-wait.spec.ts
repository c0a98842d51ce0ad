/**
 * Does CLOSE-WAIT ever end by itself? In CLOSE-WAIT, the peer's FIN has arrived, and the program has not closed its
 * socket (RFC 9293, 3.3.2). TIME-WAIT is compared with it. Nothing is broken but the program, which forgets to close.
 */
import { expect, scenario, timeWait } from '../../harness/index.ts';

scenario(
	'close-wait: it outlives TIME-WAIT',
	{
		question: 'One connection has been in CLOSE-WAIT for a while when another enters TIME-WAIT. Which ends by itself?',
		claims: ['QI14'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const neverClosed = await client.socket({ name: 'never-closed' });
		await neverClosed.connect(server.port(8080));
		await listener.accept();
		const closedByBoth = await client.socket({ name: 'closed-by-both' });
		await closedByBoth.connect(server.port(8080));
		const accepted = await listener.accept();

		step('the server does not close');
		await neverClosed.shutdown('WR');
		await expect(server).toHaveSocket({ state: 'CLOSE-WAIT', timer: 'none' });

		step('both sides close the other connection');
		await closedByBoth.close();
		await expect(accepted.recv()).toReturn(0);
		await accepted.close();
		await expect(client).toHaveSocket({ state: 'TIME-WAIT', timer: 'timewait' });

		step('a minute passes');
		await timeline.upToDate();
		// TIME-WAIT began with the ACK of the server's FIN, the last segment that the client sent.
		const began = timeline.segments('client').at(-1)?.t ?? Number.NaN;
		await expect(client).toHaveNoSocket({ state: 'TIME-WAIT' }, { after: timeWait(), since: began });
		const stillThere = await expect(server).toHaveSocket({ state: 'CLOSE-WAIT' });
		const seconds = timeline.timeIn('client', 'TIME-WAIT') ?? Number.NaN;
		claim('QI14', stillThere.timer?.name === 'timewait', {
			holds: 'CLOSE-WAIT had a timewait timer.',
			differs:
				`The timer moves TIME-WAIT to CLOSED, here after ${seconds.toFixed(0)} s. CLOSE-WAIT waits until the program ` +
				'closes (RFC 9293, 3.6); it has no timer, and was still there. The source probably meant TIME-WAIT.',
		});
		return (
			`TIME-WAIT, after ${seconds.toFixed(0)} s. CLOSE-WAIT is still there, with timer ` +
			`${stillThere.timer?.name ?? 'none'}: it lasts as long as the program does not close.`
		);
	},
);
