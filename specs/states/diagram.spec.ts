/** What does each state of TCP's diagram look like when it is held still, and which timer, if any, will end it? */
import {
	expect,
	nextRetransmission,
	type ScenarioLab,
	type SocketShape,
	type State,
	scenario,
} from '../../harness/index.ts';

interface Row {
	readonly state: State;
	/** On which host it is held. */
	readonly on: 'client' | 'server';
	readonly timer: NonNullable<SocketShape['timer']>;
	/**
	 * Brings a connection to that state and leaves it there. The client's port and the server's are the same, so that
	 * both can be found by it.
	 */
	readonly hold: (lab: ScenarioLab, port: number) => Promise<void>;
}

/** Two connected sockets: the client's, then the server's. */
async function connection({ client, server }: ScenarioLab, port: number) {
	const listener = await (await server.socket()).listen(port);
	const kang = await client.socket();
	await kang.bind(port);
	await kang.connect(server.port(port));
	const kodos = await listener.accept();
	return { kang, kodos };
}

/** In the order of the diagram (RFC 9293, figure 5). */
const rows: readonly Row[] = [
	{
		state: 'LISTEN',
		on: 'server',
		timer: 'none',
		hold: async ({ server }, port) => {
			await (await server.socket()).listen(port);
		},
	},
	{
		// The SYN is lost, again and again.
		state: 'SYN-SENT',
		on: 'client',
		timer: 'on',
		hold: async ({ client, server }, port) => {
			await server.drop({ destinationPort: port, tcpFlags: 'SYN SYN' });
			const kang = await client.socket();
			await kang.bind(port);
			const connecting = kang.connect(server.port(port));
			await expect(connecting).toBlock();
		},
	},
	{
		// The client's ACK is lost: the client has its connection, the server sends its SYN-ACK again.
		state: 'SYN-RECV',
		on: 'server',
		timer: 'on',
		hold: async ({ client, server }, port) => {
			await (await server.socket()).listen(port);
			await server.drop({ destinationPort: port, tcpFlags: 'SYN,ACK ACK' });
			const kang = await client.socket();
			await kang.bind(port);
			await kang.connect(server.port(port));
		},
	},
	{
		state: 'ESTAB',
		on: 'client',
		timer: 'none',
		hold: async (lab, port) => {
			await connection(lab, port);
		},
	},
	{
		// The client's FIN is lost.
		state: 'FIN-WAIT-1',
		on: 'client',
		timer: 'on',
		hold: async (lab, port) => {
			const { kang } = await connection(lab, port);
			await lab.server.drop({ destinationPort: port, tcpFlags: 'FIN FIN' });
			await kang.shutdown('WR');
		},
	},
	{
		// Its FIN is acknowledged; the server has more to say, or has forgotten to close.
		state: 'FIN-WAIT-2',
		on: 'client',
		timer: 'none',
		hold: async (lab, port) => {
			const { kang } = await connection(lab, port);
			await kang.shutdown('WR');
		},
	},
	{
		// The other side of the same.
		state: 'CLOSE-WAIT',
		on: 'server',
		timer: 'none',
		hold: async (lab, port) => {
			const { kang } = await connection(lab, port);
			await kang.shutdown('WR');
		},
	},
	{
		// Both close before either FIN has arrived; then the client's arrives, and the server's goes on being lost.
		state: 'CLOSING',
		on: 'server',
		timer: 'on',
		hold: async (lab, port) => {
			const { kang, kodos } = await connection(lab, port);
			const toServer = await lab.server.drop({ destinationPort: port, tcpFlags: 'FIN FIN' });
			await lab.client.drop({ sourcePort: port, tcpFlags: 'FIN FIN' });
			await kang.shutdown('WR');
			await kodos.shutdown('WR');
			await expect(lab.client).toHaveSocket({ state: 'FIN-WAIT-1', remotePort: port });
			await expect(lab.server).toHaveSocket({ state: 'FIN-WAIT-1', localPort: port });
			await toServer.heal();
		},
	},
	{
		// The server closes second, and its FIN is lost.
		state: 'LAST-ACK',
		on: 'server',
		timer: 'on',
		hold: async (lab, port) => {
			const { kang, kodos } = await connection(lab, port);
			await kang.shutdown('WR');
			await expect(kodos.recv()).toReturn(0);
			await lab.client.drop({ sourcePort: port, tcpFlags: 'FIN FIN' });
			await kodos.shutdown('WR');
		},
	},
	{
		// The client closed first, and nothing was lost.
		state: 'TIME-WAIT',
		on: 'client',
		timer: 'timewait',
		hold: async (lab, port) => {
			const { kang, kodos } = await connection(lab, port);
			await kang.shutdown('WR');
			await expect(kodos.recv()).toReturn(0);
			await kodos.close();
			await expect(kang.recv()).toReturn(0);
			await kang.close();
		},
	},
];

scenario.each(rows)(
	'$state, held still on the $on',
	({ state }) => ({ question: `What holds a socket in ${state}, and what will end it?` }),
	async (lab, { state, on, timer, hold }) => {
		await hold(lab, 8080);
		const shown = await expect(lab[on]).toHaveSocket(
			{ state, timer, localPort: 8080 },
			{ after: nextRetransmission() },
		);
		return `The ${on}’s ss shows ${shown.state}, timer ${shown.timer?.name ?? 'none'}, Send-Q ${shown.sendQueue}.`;
	},
);

scenario(
	'the whole diagram at once',
	{
		question: 'Can every state of the diagram be held still at the same time?',
		claims: ['ST1'],
		// SYN-SENT and SYN-RECV last some 250 s with these instead of 130 s and 63 s: long enough for all the others,
		// however busy the machine is.
		sysctls: { tcp_syn_retries: 7, tcp_synack_retries: 7 },
	},
	async (lab) => {
		const { client, server, step, claim } = lab;
		const placed = rows.map((row, index) => ({ ...row, port: 8001 + index }));
		for (const { state, on, timer, hold, port } of placed) {
			step(`${state} on the ${on}, port ${port}`);
			await hold(lab, port);
			await expect(lab[on]).toHaveSocket({ state, timer, localPort: port }, { after: nextRetransmission() });
		}

		step('all of them, in one look at each host');
		const shown = { client: await client.sockets(), server: await server.sockets() };
		const held = placed.filter(({ state, on, port }) =>
			shown[on].some((socket) => socket.state === state && socket.local.port === port),
		);
		claim('ST1', held.length === rows.length, {
			holds:
				'Each state was reached by calls and lost segments alone, and was still there when the others had been ' +
				'reached: what waits for the program has no timer, what waits for the peer is retransmitted, and ' +
				'TIME-WAIT lasts a minute.',
			differs: `Not held until all others were reached: ${placed
				.filter((row) => !held.includes(row))
				.map(({ state }) => state)
				.join(', ')}.`,
		});
		expect(held).toEqual(placed);
		return `Yes: ${held.map(({ state, on }) => `${state} on the ${on}`).join(', ')}.`;
	},
);
