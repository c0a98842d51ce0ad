/**
 * After a connection has ended abnormally, what does the first call return, and what do the later ones? A connection
 * ends abnormally by a timeout, by a RST after a FIN, or by a RST alone. The kernel stores one error (sk_err), and the
 * first call that checks for it returns and clears it.
 */
import {
	type Errno,
	expect,
	keepaliveTimeout,
	type ScenarioLab,
	type Socket,
	type SocketCall,
	scenario,
} from '../../harness/index.ts';

/** In seconds, and a count; as short as the options allow. The defaults are 7200 s, 75 s and 9. */
const keepalive = { time: 1, interval: 1, probes: 1 };

interface End {
	readonly name: string;
	/** The errno that the source names for the first call, whether recv or send. */
	readonly claimed: Errno;
	/** What the first call returns, or its errno, on Linux. */
	readonly first: { readonly recv: Errno | number; readonly send: Errno | number };
	/** Ends the connection. Until it has ended, no call of `caller` returns an error. */
	readonly end: (
		connection: { readonly caller: Socket; readonly peer: Socket; readonly port: number },
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
		// The stream ended before the RST, so recv returns 0 without checking for an error (SOCK_DONE in
		// tcp_recvmsg_locked).
		first: { recv: 0, send: 'EPIPE' },
		end: async ({ caller, peer, port }, { client }) => {
			await peer.close();
			await expect(client).toHaveSocket({ state: 'CLOSE-WAIT', localPort: port });
			await caller.send('too late');
			await expect(client).toHaveNoSocket({ localPort: port });
		},
	},
	{
		name: 'RST alone',
		claimed: 'ECONNRESET',
		first: { recv: 'ECONNRESET', send: 'ECONNRESET' },
		end: async ({ caller, peer, port }, { client, server }) => {
			// A socket that is closed with unread data sends a RST instead of a FIN (tcp_close; RFC 2525, 2.17).
			await caller.send('never read');
			await expect(server).toHaveSocket({ state: 'ESTAB', remotePort: port, receiveQueue: 10 });
			await peer.close();
			await expect(client).toHaveNoSocket({ localPort: port });
		},
	},
];

/** Resolves when the call has returned this number, or failed with this errno. */
function toEndWith(call: SocketCall<unknown>, result: Errno | number): Promise<void> {
	return typeof result === 'number' ? expect(call).toReturn(result) : expect(call).toFailWith(result);
}

scenario(
	'abnormal ends: the first call, and the later ones',
	{
		question:
			'A connection has timed out, or a RST has arrived, with a FIN before it or without. What do recv and send ' +
			'return, if they are the first call after that?',
		claims: ['KH-sum'],
	},
	async (lab) => {
		const { client, server, step, claim } = lab;
		const listener = await (await server.socket()).listen(8080);
		const outcomes: {
			name: string;
			claimed: Errno;
			first: string;
			result: Errno | number | string | undefined;
			later: string;
		}[] = [];
		for (const { name, claimed, first, end } of ends) {
			for (const call of ['recv', 'send'] as const) {
				step(`${name}; the first call is ${call}`);
				const caller = await client.socket();
				await caller.setOption('SO_KEEPALIVE', 1);
				await caller.setOption('TCP_KEEPIDLE', keepalive.time);
				await caller.setOption('TCP_KEEPINTVL', keepalive.interval);
				await caller.setOption('TCP_KEEPCNT', keepalive.probes);
				await caller.connect(server.port(8080));
				const { port } = await caller.address();
				const peer = await listener.accept();
				await end({ caller, peer, port }, lab);

				const calls = { recv: () => caller.recv(), send: () => caller.send('hello', 'MSG_NOSIGNAL') };
				const firstCall = calls[call]();
				await toEndWith(firstCall, first[call]);
				const read = calls.recv();
				await toEndWith(read, 0);
				const written = calls.send();
				await toEndWith(written, 'EPIPE');
				const { errno, returned } = firstCall.event;
				outcomes.push({
					name,
					claimed,
					first: call,
					result: errno ?? returned,
					later: `recv ${read.event.returned}, send ${written.event.errno}`,
				});
			}
		}
		const others = outcomes.filter(({ claimed, result }) => result !== claimed);
		claim('KH-sum', others.length === 0 && outcomes.every(({ later }) => later === 'recv 0, send EPIPE'), {
			holds:
				'The first call returns the error of the socket and clears it (sock_error). After that both directions are ' +
				'shut (tcp_done): recv returns 0, and send fails with EPIPE.',
			differs:
				`It holds except for ${others.map(({ name, first, result }) => `${name}, ${first}: ${result}`).join('; ')}. ` +
				'A read after the end of the stream returns 0 before it checks for an error (SOCK_DONE in ' +
				'tcp_recvmsg_locked); only a write returns the EPIPE that the RST left (tcp_reset).',
		});
		const lines = outcomes.map(({ name, first, result, later }) => `${name}: first ${first} ${result}, then ${later}`);
		return `${lines.join('; ')}.`;
	},
);
