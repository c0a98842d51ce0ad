/** Is there a connection before the server’s program has accepted it? */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'before accept: the client has connected and sends',
	{
		question: 'The server listens and does nothing more. How far does a client get, and where is what it sends?',
		claims: ['KH-synack1'],
	},
	async ({ client, server, timeline, claim }) => {
		const listener = await (await server.socket()).listen(8080, { backlog: 1 });
		const kang = await client.socket();
		await kang.connect(server.port(8080));
		const empty = await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, receiveQueue: 0 });
		await expect(kang.send('hello kodos')).toReturn(11);

		// The kernel has made the connection and acknowledged the data; no process holds it yet.
		const queued = await expect(server).toHaveSocket({ state: 'LISTEN', receiveQueue: 1, sendQueue: 1 });
		const unread = await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 11 });
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0, timer: 'none' });
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 11', '< .');
		expect([empty.inode ?? 0, unread.inode ?? 0]).toEqual([0, 0]);
		claim(
			'KH-synack1',
			queued.receiveQueue === 1 && unread.receiveQueue === 11 && listener.process.calls('accept').length === 0,
			{
				holds:
					'The last ACK makes the connection and puts it into the accept queue (tcp_check_req, ' +
					'inet_csk_complete_hashdance); data is received into it as into any other, long before accept.',
				differs: 'The queues of the listener or the connection show something else.',
			},
		);

		const kodos = await listener.accept();
		await expect(kodos.recv()).toReturn(11);
		await expect(server).toHaveSocket({ state: 'LISTEN', receiveQueue: 0 });
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 0 });
		return (
			`Its send returns ${kang.process.results('write')}: the connection waits in the accept queue (Recv-Q of ` +
			`LISTEN: ${queued.receiveQueue}), and the data in the connection (Recv-Q ${unread.receiveQueue}). accept ` +
			'only hands it over.'
		);
	},
);
