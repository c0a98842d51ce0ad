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
				'For a listening socket tcp_diag_get_info shows sk_ack_backlog, the connections not yet accepted, as Recv-Q, and sk_max_ack_backlog as Send-Q.',
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
		sysctls: { tcp_syncookies: 0 },
	},
	async ({ client, server, step, claim }) => {
		const backlog = 3;
		const completed = 8080;
		const halfOpen = 9090;
		for (const port of [completed, halfOpen]) await (await server.socket()).listen(port, { backlog });
		await server.drop({ destinationPort: halfOpen, tcpFlags: 'SYN,ACK ACK' });

		for (const port of [completed, halfOpen]) {
			step(`more clients connect to port ${port} than the backlog allows`);
			for (let number = 1; number <= backlog + 2; number++) {
				const kang = await client.socket();
				kang.connect(server.port(port));
				await expect(client).toHaveSockets(number, { remotePort: port });
			}
			// The server answers as many as it has room for; who found none sends his SYN again.
			await expect(client).toHaveSocket({ state: 'SYN-SENT', remotePort: port, timer: 'on', timerCount: { atLeast: 1 } });
		}
		const shown = await server.sockets();
		const capacities = shown.filter(({ state }) => state === 'LISTEN').map(({ sendQueue }) => sendQueue);
		const inAcceptQueue = shown.find(({ state, local }) => state === 'LISTEN' && local.port === completed)?.receiveQueue;
		const inSynQueue = shown.filter(({ state, local }) => state === 'SYN-RECV' && local.port === halfOpen).length;
		expect(inAcceptQueue).toBe(backlog + 1);
		// Full is at the backlog, and since 6.13 (and in stable kernels of January 2025, 5.4 to 6.12) above it, as it has always been for the accept queue (inet_csk_reqsk_queue_is_full).
		expect([backlog, backlog + 1]).toContain(inSynQueue);
		claim('QI11', capacities.every((capacity) => capacity === backlog) && (inSynQueue === inAcceptQueue || inSynQueue === backlog), {
			holds: `Send-Q of LISTEN is the backlog, and the same number limits both queues (sk_max_ack_backlog in sk_acceptq_is_full and inet_csk_reqsk_queue_is_full): with ${backlog}, ${inAcceptQueue} connections waited for accept and ${inSynQueue} were half open, for a queue is full when it is above the backlog (the SYN queue’s since 6.13; before, at it).`,
			differs: `With a backlog of ${backlog}, Send-Q showed ${capacities.join(' and ')}, ${inAcceptQueue} connections waited for accept, and ${inSynQueue} were half open.`,
		});
		return `${inSynQueue}, with a backlog of ${backlog}; for accept ${inAcceptQueue} can wait. Who finds no room sends his SYN again.`;
	},
);
