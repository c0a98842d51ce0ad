/**
 * What does the backlog of listen limit? The server does not accept, or the last ACKs of the handshakes are lost. Two
 * queues fill up: connections that wait for accept, and requests in SYN-RECV. The same backlog limits both.
 */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'backlog: how many may wait for accept',
	{
		question: 'Clients connect to a server that does not accept. What do the queues of its listening socket show?',
		claims: ['QI3'],
	},
	async ({ client, server, step, claim }) => {
		const backlog = 3;
		const listener = await (await server.socket()).listen(8080, { backlog });
		const observed: { receiveQueue: number; sendQueue: number }[] = [];
		const observe = async (receiveQueue: number) => {
			observed.push(await expect(server).toHaveSocket({ state: 'LISTEN', receiveQueue }));
		};

		await observe(0);
		for (const waiting of [1, 2, 3]) {
			step(`client ${waiting} connects`);
			await (await client.socket()).connect(server.port(8080));
			await observe(waiting);
		}
		for (const waiting of [2, 1, 0]) {
			step('the server accepts one');
			await listener.accept();
			await observe(waiting);
		}
		const lengths = observed.map(({ receiveQueue }) => receiveQueue);
		const capacities = observed.map(({ sendQueue }) => sendQueue);
		claim('QI3', String(lengths) === '0,1,2,3,2,1,0' && capacities.every((capacity) => capacity === backlog), {
			holds:
				'For a listening socket, Recv-Q is sk_ack_backlog, the number of connections that wait for accept, and ' +
				'Send-Q is sk_max_ack_backlog (tcp_diag_get_info).',
			differs: `Recv-Q went through ${lengths.join(', ')}, Send-Q through ${capacities.join(', ')}.`,
		});
		return `Recv-Q ${lengths.join(', ')}: the connections that wait for accept. Send-Q is always ${capacities.at(-1)}.`;
	},
);

scenario(
	'backlog: how many may be half open',
	{
		question: 'The ACKs that would complete the handshakes are lost. How many clients can wait in SYN-RECV?',
		claims: ['QI11'],
		// With SYN cookies, a SYN that finds no room would be answered without a socket in SYN-RECV (tcp_conn_request).
		// With 7 retries, SYN-RECV lasts 247 s instead of 63 s, so that all requests can be counted, however busy the
		// machine is.
		sysctls: { tcp_syncookies: 0, tcp_synack_retries: 7 },
	},
	async ({ client, server, step, claim }) => {
		const backlog = 3;
		const completed = 8080;
		const halfOpen = 9090;
		const noBacklog = 7070;
		const ports = [
			{ port: completed, backlog },
			{ port: halfOpen, backlog },
			{ port: noBacklog, backlog: 0 },
		];
		for (const { port, backlog } of ports) await (await server.socket()).listen(port, { backlog });
		await server.drop({ destinationPort: halfOpen, tcpFlags: 'SYN,ACK ACK' });

		for (const { port, backlog } of ports) {
			step(`more clients connect to port ${port} than its backlog of ${backlog} allows`);
			for (let number = 1; number <= backlog + 2; number++) {
				const caller = await client.socket();
				caller.connect(server.port(port));
				await expect(client).toHaveSockets(number, { remotePort: port });
			}
			// The server answers as many clients as it has room for. The others send their SYN again.
			await expect(client).toHaveSocket({
				state: 'SYN-SENT',
				remotePort: port,
				timer: 'on',
				timerCount: { atLeast: 1 },
			});
		}
		const shown = await server.sockets();
		const listening = (port: number) => shown.find(({ state, local }) => state === 'LISTEN' && local.port === port);
		const capacities = ports.map(({ port }) => listening(port)?.sendQueue);
		const inAcceptQueue = listening(completed)?.receiveQueue;
		const inSynQueue = shown.filter(({ state, local }) => state === 'SYN-RECV' && local.port === halfOpen).length;
		// The accept queue is full when it is longer than the backlog. Before 3479c7549fb1 (6.13, and stable kernels from
		// 5.4 on since January 2025), the SYN queue was full at the backlog; since then it is like the accept queue
		// (inet_csk_reqsk_queue_is_full). No sysctl shows which one a kernel has, but a listener with a backlog of 0 does:
		// it admits one client, or none.
		const fullAboveBacklog = server.kernelIsAtLeast('6.13') || listening(noBacklog)?.receiveQueue === 1;
		const room = fullAboveBacklog ? backlog + 1 : backlog;
		const fullAt = fullAboveBacklog
			? 'Either queue is full when it is longer than the backlog.'
			: 'The accept queue is full when it is longer than the backlog, the SYN queue at the backlog: this kernel does ' +
				'not have 3479c7549fb1 (6.13, and stable kernels since January 2025).';
		claim(
			'QI11',
			capacities.join() === ports.map(({ backlog }) => backlog).join() &&
				inAcceptQueue === backlog + 1 &&
				inSynQueue === room,
			{
				holds:
					'Send-Q of LISTEN is the backlog, and the same number limits both queues (sk_max_ack_backlog in ' +
					`sk_acceptq_is_full and inet_csk_reqsk_queue_is_full). With ${backlog}, ${inAcceptQueue} connections ` +
					`waited for accept, and ${inSynQueue} were half-open. ` +
					fullAt,
				differs:
					`With backlogs of ${ports.map(({ backlog }) => backlog).join(', ')}, Send-Q showed ` +
					`${capacities.join(', ')}. With ${backlog}, ${inAcceptQueue} connections waited for accept, and ` +
					`${inSynQueue} were half-open.`,
			},
		);
		expect(inAcceptQueue).toBe(backlog + 1);
		expect(inSynQueue).toBe(room);
		return (
			`${inSynQueue}, with a backlog of ${backlog}; ${inAcceptQueue} can wait for accept. Clients that find no room ` +
			'send their SYN again.'
		);
	},
);
