/** What does the backlog of listen limit? */
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
		const looks: { receiveQueue: number; sendQueue: number }[] = [];
		const look = async (receiveQueue: number) => {
			looks.push(await expect(server).toHaveSocket({ state: 'LISTEN', receiveQueue }));
		};

		await look(0);
		for (const waiting of [1, 2, 3]) {
			step(`client ${waiting} connects`);
			await (await client.socket()).connect(server.port(8080));
			await look(waiting);
		}
		for (const waiting of [2, 1, 0]) {
			step('the server accepts one');
			await listener.accept();
			await look(waiting);
		}
		const lengths = looks.map(({ receiveQueue }) => receiveQueue);
		const capacities = looks.map(({ sendQueue }) => sendQueue);
		claim('QI3', String(lengths) === '0,1,2,3,2,1,0' && capacities.every((capacity) => capacity === backlog), {
			holds:
				'For a listening socket tcp_diag_get_info shows sk_ack_backlog, the connections not yet accepted, as ' +
				'Recv-Q, and sk_max_ack_backlog as Send-Q.',
			differs: `Recv-Q went through ${lengths.join(', ')}, Send-Q through ${capacities.join(', ')}.`,
		});
		return `Recv-Q ${lengths.join(', ')}: who waits for accept; Send-Q ${capacities.at(-1)} all the time.`;
	},
);

scenario(
	'backlog: how many may be half open',
	{
		question: 'The ACKs that would complete the connections are lost. How many clients can wait in SYN-RECV?',
		claims: ['QI11'],
		// A cookie would answer a SYN that finds no room, and no socket in SYN-RECV would stand for it (tcp_conn_request).
		// With 7 SYN-RECV lasts 247 s instead of 63 s: until all of them are counted, however busy the machine is.
		sysctls: { tcp_syncookies: 0, tcp_synack_retries: 7 },
	},
	async ({ client, server, step, claim }) => {
		const backlog = 3;
		const completed = 8080;
		const halfOpen = 9090;
		const none = 7070;
		const ports = [
			{ port: completed, backlog },
			{ port: halfOpen, backlog },
			{ port: none, backlog: 0 },
		];
		for (const { port, backlog } of ports) await (await server.socket()).listen(port, { backlog });
		await server.drop({ destinationPort: halfOpen, tcpFlags: 'SYN,ACK ACK' });

		for (const { port, backlog } of ports) {
			step(`more clients connect to port ${port} than its backlog of ${backlog} allows`);
			for (let number = 1; number <= backlog + 2; number++) {
				const kang = await client.socket();
				kang.connect(server.port(port));
				await expect(client).toHaveSockets(number, { remotePort: port });
			}
			// The server answers as many as it has room for; who found none sends his SYN again.
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
		// The accept queue is full above its backlog; the SYN queue was full at it, and is as the other since 3479c7549fb1
		// (6.13, and stable kernels from 5.4 on since January 2025; inet_csk_reqsk_queue_is_full). No sysctl tells; a
		// backlog of 0 does: either one client could connect, or none.
		const isFullAbove = server.kernelIsAtLeast('6.13') || listening(none)?.receiveQueue === 1;
		const room = isFullAbove ? backlog + 1 : backlog;
		const fullAt = isFullAbove
			? 'Either queue is full above the backlog.'
			: 'The accept queue is full above the backlog, the SYN queue at it: this kernel is from before 3479c7549fb1 ' +
				'(6.13, and stable kernels since January 2025).';
		claim(
			'QI11',
			capacities.join() === ports.map(({ backlog }) => backlog).join() &&
				inAcceptQueue === backlog + 1 &&
				inSynQueue === room,
			{
				holds:
					'Send-Q of LISTEN is the backlog, and the same number limits both queues (sk_max_ack_backlog in ' +
					`sk_acceptq_is_full and inet_csk_reqsk_queue_is_full): with ${backlog}, ${inAcceptQueue} connections ` +
					`waited for accept and ${inSynQueue} were half open. ` +
					fullAt,
				differs:
					`With backlogs of ${ports.map(({ backlog }) => backlog).join(', ')}, Send-Q showed ` +
					`${capacities.join(', ')}; with ${backlog}, ${inAcceptQueue} connections waited for accept, and ` +
					`${inSynQueue} were half open.`,
			},
		);
		expect(inAcceptQueue).toBe(backlog + 1);
		expect(inSynQueue).toBe(room);
		return (
			`${inSynQueue}, with a backlog of ${backlog}; for accept ${inAcceptQueue} can wait. Who finds no room sends ` +
			'his SYN again.'
		);
	},
);
