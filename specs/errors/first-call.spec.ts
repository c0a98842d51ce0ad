/** What do the first call and all later ones say after a connection has come to an abnormal end? */
import {
	type Errno,
	expect,
	keepaliveTimeout,
	type ScenarioLab,
	type Socket,
	type SocketCall,
	scenario,
} from '../../harness/index.ts';

/** The defaults are 7200 s, 75 s and 9. */
const keepalive = { time: 1, interval: 1, probes: 1 };

interface End {
	readonly name: string;
	/** What the source says of the first call, whichever it is. */
	readonly claimed: Errno;
	/** What it comes to here. */
	readonly first: { readonly recv: Errno | number; readonly send: Errno | number };
	/** Ends the connection; `kang` does not notice by any call of its own. */
	readonly end: (
		connection: { readonly kang: Socket; readonly kodos: Socket; readonly port: number },
		lab: ScenarioLab,
	) => Promise<void>;
}

const ends: readonly End[] = [
	{
		name: 'timeout',
		claimed: 'ETIMEDOUT',
		first: { recv: 'ETIMEDOUT', send: 'ETIMEDOUT' },
		end: async ({ port }, { client, timeline }) => {
			await client.drop({ destinationPort: port });
			await timeline.upToDate();
			const since = timeline.lastReceived('client', 8080);
			await expect(client).toHaveNoSocket({ localPort: port }, { after: keepaliveTimeout(keepalive), since });
		},
	},
	{
		name: 'FIN, then RST',
		claimed: 'EPIPE',
		// The stream had ended before the RST: recv never comes to look at the error (SOCK_DONE in tcp_recvmsg_locked).
		first: { recv: 0, send: 'EPIPE' },
		end: async ({ kang, kodos, port }, { client }) => {
			await kodos.close();
			await expect(client).toHaveSocket({ state: 'CLOSE-WAIT', localPort: port });
			await kang.send('too late');
			await expect(client).toHaveNoSocket({ localPort: port });
		},
	},
	{
		name: 'RST alone',
		claimed: 'ECONNRESET',
		first: { recv: 'ECONNRESET', send: 'ECONNRESET' },
		end: async ({ kang, kodos, port }, { client, server }) => {
			// A socket that is closed with unread data answers with a RST in place of a FIN (tcp_close; RFC 2525, 2.17).
			await kang.send('never read');
			await expect(server).toHaveSocket({ state: 'ESTAB', remotePort: port, receiveQueue: 10 });
			await kodos.close();
			await expect(client).toHaveNoSocket({ localPort: port });
		},
	},
];

/** Waits until the call has come to this. */
function toComeTo(call: SocketCall<unknown>, result: Errno | number): Promise<void> {
	return typeof result === 'number' ? expect(call).toReturn(result) : expect(call).toFailWith(result);
}

scenario(
	'abnormal ends: the first call, and the later ones',
	{
		question:
			'A connection has timed out, or a RST has come, with a FIN before it or without. What do recv and send say, ' +
			'whichever comes first?',
		claims: ['KH-sum'],
	},
	async (lab) => {
		const { client, server, step, claim } = lab;
		const listener = await (await server.socket()).listen(8080);
		const told: {
			name: string;
			claimed: Errno;
			first: string;
			result: Errno | number | string | undefined;
			later: string;
		}[] = [];
		for (const { name, claimed, first, end } of ends) {
			for (const call of ['recv', 'send'] as const) {
				step(`${name}; the first call is ${call}`);
				const kang = await client.socket();
				await kang.setOption('SO_KEEPALIVE', 1);
				await kang.setOption('TCP_KEEPIDLE', keepalive.time);
				await kang.setOption('TCP_KEEPINTVL', keepalive.interval);
				await kang.setOption('TCP_KEEPCNT', keepalive.probes);
				await kang.connect(server.port(8080));
				const { port } = await kang.address();
				const kodos = await listener.accept();
				await end({ kang, kodos, port }, lab);

				const make = { recv: () => kang.recv(), send: () => kang.send('hello', 'MSG_NOSIGNAL') };
				const firstCall = make[call]();
				await toComeTo(firstCall, first[call]);
				const read = make.recv();
				await toComeTo(read, 0);
				const written = make.send();
				await toComeTo(written, 'EPIPE');
				const { errno, returned } = firstCall.event;
				told.push({
					name,
					claimed,
					first: call,
					result: errno ?? returned,
					later: `recv ${read.event.returned}, send ${written.event.errno}`,
				});
			}
		}
		const others = told.filter(({ claimed, result }) => result !== claimed);
		claim('KH-sum', others.length === 0 && told.every(({ later }) => later === 'recv 0, send EPIPE'), {
			holds:
				'The first call takes the error of the socket and clears it (sock_error); after that both directions are ' +
				'shut (tcp_done): recv 0, send EPIPE.',
			differs:
				'All of it holds but for ' +
				`${others.map(({ name, first, result }) => `${name}, ${first}: ${result}`).join('; ')}. A read after the ` +
				'end of the stream returns 0 before it looks for an error (SOCK_DONE in tcp_recvmsg_locked); only a write ' +
				'takes the EPIPE that the RST left (tcp_reset).',
		});
		const lines = told.map(({ name, first, result, later }) => `${name}: first ${first} ${result}, then ${later}`);
		return `${lines.join('; ')}.`;
	},
);
