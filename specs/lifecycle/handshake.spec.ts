/**
 * What does it take to establish a connection, and which calls and descriptors belong to it? Nothing is broken: this is
 * the handshake when all is well, on the wire, in the calls of both programs, and in their descriptors.
 */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'connecting: three segments, two descriptors',
	{
		question:
			'A client connects to a listening server and sends a line. What is on the wire, and which calls and ' +
			'descriptors are involved?',
		claims: ['HS1', 'HS4'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await server.ncat({ listen: 8080, keepListening: true });
		const caller = await client.ncat({ connect: server.port(8080) });
		await expect(client).toHaveSocket({ state: 'ESTAB', remotePort: 8080 });
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080 });
		await expect(timeline).toShowSegments('> S', '< S.', '> .');

		// The options of a SYN with the default sysctls: tcp_sack, tcp_timestamps and tcp_window_scaling are on
		// (tcp_syn_options).
		for (const host of [client, server]) expect(timeline.offered(host.name)).toEqual(['mss', 'sackOK', 'TS', 'wscale']);

		step('a line is typed at the client');
		await caller.type('hello\n');
		await expect(caller).toHaveReturned('write', 6);
		await expect(listener).toHaveReturned('read', 6);
		const held = { client: await client.descriptors(), server: await server.descriptors() };
		const connected = caller.calls('connect').find(({ args }) => args.includes('AF_INET'));
		const accepted = listener.calls('accept').find(({ returned }) => returned !== undefined);
		// ncat also listens on IPv6, with a third descriptor.
		const listening = held.server.find(({ state, fd }) => state === 'LISTEN' && fd === accepted?.fd);
		const connection = held.server.find(({ state }) => state === 'ESTAB');
		expect(held.client).toMatchObject([{ state: 'ESTAB', fd: connected?.fd, remote: server.port(8080) }]);
		expect(accepted?.returned).toBe(connection?.fd);
		claim('HS1', listening !== undefined && connection !== undefined && listening.fd !== connection.fd, {
			holds:
				'Each side sends its sequence number and its options in a SYN, and acknowledges those of the other side (RFC ' +
				'9293, 3.5). accept returns a new descriptor for the connection, and the listening one stays as it was ' +
				'(accept(2)).',
			differs:
				'lsof did not show the descriptor that accept returned as ESTABLISHED, beside the ' +
				'listening one as LISTEN.',
		});

		const sent = caller.calls('write').find(({ fd, returned }) => fd === connected?.fd && returned === 6);
		const received = listener.calls('read').find(({ fd, returned }) => fd === accepted?.returned && returned === 6);
		const calls = (['socket', 'bind', 'listen', 'accept'] as const).filter((name) =>
			listener.calls(name).some(({ fd, returned }) => (name === 'socket' ? returned : fd) === listening?.fd),
		);
		claim('HS4', calls.length === 4 && sent !== undefined && received !== undefined, {
			holds:
				`The server made its listening descriptor with ${calls.join(', ')}. The line was written to the descriptor ` +
				'on which connect was called, and read from the one that accept returned.',
			differs:
				`Of socket, bind, listen and accept, the server called ${calls.join(', ') || 'none'} on its listening ` +
				'descriptor; or the line used other descriptors.',
		});
		const flags = timeline.segments().map((segment) => segment.flags);
		return (
			`${flags.slice(0, 3).join(' | ')} to connect. On the server, descriptor ${listening?.fd} listens, and ` +
			`${connection?.fd} is the connection: read on it returned ${received?.returned}.`
		);
	},
);

scenario(
	'connecting: the server has not called accept',
	{
		question: 'Does the handshake wait until the server calls accept?',
		claims: ['WF4'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const caller = await client.socket();
		await caller.connect(server.port(8080));
		await expect(timeline).toShowSegments('> S', '< S.', '> .');
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080 });
		await expect(client).toHaveSocket({ state: 'ESTAB', remotePort: 8080 });

		step('the server accepts');
		await listener.accept();
		await expect(timeline).toShowSegments('> S', '< S.', '> .');
		const [accept] = timeline.calls('accept');
		const [connect] = timeline.calls('connect');
		const completed = (connect?.t ?? Number.NaN) + (connect?.took ?? Number.NaN);
		claim('WF4', connect?.returned === 0 && completed < (accept?.t ?? Number.NaN), {
			holds:
				'The kernel answers the SYN and receives the ACK by itself (tcp_conn_request, tcp_check_req). accept only ' +
				'takes an established connection from the queue (inet_csk_accept).',
			differs: 'connect did not return before accept was called.',
		});
		return (
			`No: connect returned ${connect?.returned} ${(((accept?.t ?? 0) - completed) * 1_000).toFixed(0)} ms before ` +
			'accept was called, and accept sent nothing.'
		);
	},
);

scenario(
	'listening: how many sockets does ncat open?',
	{
		question: 'ncat is started with a port to listen on, but without an address. Which sockets does it open?',
		claims: ['HS5'],
	},
	async ({ server, claim }) => {
		await server.ncat({ listen: 8080 });
		const sockets = (await server.descriptors()).filter(({ state }) => state === 'LISTEN');
		const families = sockets.map(({ family }) => family);
		const backlogs = (await server.sockets())
			.filter(({ state }) => state === 'LISTEN')
			.map(({ sendQueue }) => sendQueue);
		claim(
			'HS5',
			families.includes('IPv6') && families.includes('IPv4') && backlogs.every((backlog) => backlog === 10),
			{
				holds:
					'lsof shows one listening descriptor for each address family, and ss a backlog of 10 for each (BACKLOG in ' +
					'ncat.h).',
				differs:
					`The listening descriptors have the families ${families.join(' and ')}, with backlogs of ` +
					`${backlogs.join(' and ')}: ncat 7.95 opens one for each family that the host has.`,
			},
		);
		return (
			`${sockets.map(({ family, fd }) => `${family} on descriptor ${fd}`).join(', ')}; with backlogs of ` +
			`${backlogs.join(' and ')}.`
		);
	},
);
