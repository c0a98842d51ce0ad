/**
 * Is there a connection before the server's program has accepted it? The server listens and does not call accept.
 * Nothing is broken: the kernel completes handshakes and receives data by itself, and the client cannot know whether
 * anybody has called accept.
 */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'before accept: the client has connected and sends',
	{
		question:
			'The server listens and does not call accept. Does the client’s connect return, and where is the data that it ' +
			'sends?',
		claims: ['KH-synack1'],
	},
	async ({ client, server, timeline, claim }) => {
		const listener = await (await server.socket()).listen(8080, { backlog: 1 });
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const empty = await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, receiveQueue: 0 });
		await expect(writer.send('hello world')).toReturn(11);

		// The kernel has completed the handshake and acknowledged the 11 bytes. Send-Q of LISTEN is the backlog, 1; Recv-Q
		// is the number of connections that wait for accept (tcp_diag_get_info).
		const queued = await expect(server).toHaveSocket({ state: 'LISTEN', receiveQueue: 1, sendQueue: 1 });
		const unread = await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 11 });
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0, timer: 'none' });
		await expect(timeline).toShowSegments('> S', '< S.', '> .', '> P. 11', '< .');
		expect([empty.inode ?? 0, unread.inode ?? 0]).toEqual([0, 0]);
		claim(
			'KH-synack1',
			// ss shows the inode of a socket's file: none, because no process holds this socket yet.
			queued.receiveQueue === 1 && unread.receiveQueue === 11 && listener.process.calls('accept').length === 0,
			{
				holds:
					'The last ACK of the handshake creates the connection and puts it into the accept queue (tcp_check_req, ' +
					'inet_csk_complete_hashdance). From then on it receives data like any other connection, before accept is ' +
					'called.',
				differs: 'The queues of the listener or of the connection had other lengths.',
			},
		);

		const accepted = await listener.accept();
		await expect(accepted.recv()).toReturn(11);
		await expect(server).toHaveSocket({ state: 'LISTEN', receiveQueue: 0 });
		await expect(server).toHaveSocket({ state: 'ESTAB', receiveQueue: 0 });
		return (
			`connect and send return ${writer.process.results('write')} before accept is called: the connection waits in ` +
			`the accept queue (Recv-Q of LISTEN is ${queued.receiveQueue}), and the data in the connection (Recv-Q ` +
			`${unread.receiveQueue}). accept only returns a descriptor for it.`
		);
	},
);
