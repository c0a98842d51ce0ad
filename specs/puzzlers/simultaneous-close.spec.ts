/**
 * Which states do the two sides pass through if both close before either has received the other's FIN? Both FINs are
 * held back by dropping them, and let through one after the other. kang is the client's program, kodos the server's.
 */
import { expect, nextRetransmission, scenario } from '../../harness/index.ts';

scenario(
	'simultaneous close: the FINs cross',
	{
		question: 'Both programs end before either FIN has arrived. Which states do the sockets pass through?',
		claims: ['PZ4'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const kodos = await server.nc({ listen: 8080 });
		const kang = await client.nc({ connect: server.port(8080) });

		step('both close, and neither FIN arrives');
		const toServer = await server.drop({ name: 'fin-to-server', tcpFlags: 'FIN FIN' });
		const toClient = await client.drop({ name: 'fin-to-client', tcpFlags: 'FIN FIN' });
		await kang.interrupt();
		await kodos.interrupt();
		await expect(client).toHaveSocket({ state: 'FIN-WAIT-1' });
		await expect(server).toHaveSocket({ state: 'FIN-WAIT-1' });

		step('the client’s FIN arrives, retransmitted');
		await toServer.heal();
		// It does not acknowledge the server's own FIN, so the server cannot go to TIME-WAIT yet (RFC 9293, figure 5).
		await expect(server).toHaveSocket({ state: 'CLOSING' }, { after: nextRetransmission() });
		await expect(client).toHaveSocket({ state: 'FIN-WAIT-2' });

		step('the server’s FIN arrives, retransmitted');
		await toClient.heal();
		await Promise.all(
			[client, server].map((host) =>
				expect(host).toHaveSocket({ state: 'TIME-WAIT' }, { after: nextRetransmission() }),
			),
		);
		await expect(server).toHavePassedThrough('ESTAB', 'FIN-WAIT-1', 'CLOSING', 'TIME-WAIT');
		await expect(client).toHavePassedThrough('ESTAB', 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT');
		await expect(timeline).toShowSegment('> F. dropped by fin-to-server');
		await expect(timeline).toShowSegment('< F. dropped by fin-to-client');
		claim('PZ4', timeline.states('server').includes('CLOSING') && !timeline.states('server').includes('FIN-WAIT-2'), {
			holds:
				'A FIN that does not acknowledge this side’s FIN moves FIN-WAIT-1 to CLOSING (tcp_fin). The ACK of this ' +
				'side’s FIN then moves CLOSING to TIME-WAIT.',
			differs: 'No side passed through CLOSING.',
		});
		return (
			`kodos, which receives a FIN while its own is unacknowledged: ${timeline.states('server').join(', ')}. kang: ` +
			`${timeline.states('client').join(', ')}.`
		);
	},
);
