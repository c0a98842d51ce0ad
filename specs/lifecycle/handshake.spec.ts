/** What does it take to establish a connection, and which calls and descriptors stand behind it? */
import { expect, scenario } from '../../harness/index.ts';

scenario(
	'connecting: three segments, two descriptors',
	{
		question:
			'A client connects to a listening server and sends a line. What is on the wire, and which calls and ' +
			'descriptors carry it?',
		claims: ['HS1', 'HS4'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const kodos = await server.ncat({ listen: 8080, keepListening: true });
		const kang = await client.ncat({ connect: server.port(8080) });
		await expect(client).toHaveSocket({ state: 'ESTAB', remotePort: 8080 });
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080 });
		await expect(timeline).toShowSegments('> S', '< S.', '> .');

		for (const host of [client, server]) expect(timeline.offered(host.name)).toEqual(['mss', 'sackOK', 'TS', 'wscale']);

		step('kang types');
		await kang.type('hello\n');
		await expect(kang).toHaveReturned('write', 6);
		await expect(kodos).toHaveReturned('read', 6);
		const held = { client: await client.descriptors(), server: await server.descriptors() };
		const connected = kang.calls('connect').find(({ args }) => args.includes('AF_INET'));
		const accepted = kodos.calls('accept').find(({ returned }) => returned !== undefined);
		// ncat listens on IPv6, too: that is a third descriptor.
		const listening = held.server.find(({ state, fd }) => state === 'LISTEN' && fd === accepted?.fd);
		const connection = held.server.find(({ state }) => state === 'ESTAB');
		expect(held.client).toMatchObject([{ state: 'ESTAB', fd: connected?.fd, remote: server.port(8080) }]);
		expect(accepted?.returned).toBe(connection?.fd);
		claim('HS1', listening !== undefined && connection !== undefined && listening.fd !== connection.fd, {
			holds:
				'Each side says its number and its options in a SYN, and acknowledges the other’s (RFC 9293, 3.5); ' +
				'accept gives the connection a descriptor of its own, and the listening one stays as it was (accept(2)).',
			differs:
				'lsof did not show the descriptor that accept returned as ESTABLISHED, beside the one it was called on as ' +
				'LISTEN.',
		});

		const sent = kang.calls('write').find(({ fd, returned }) => fd === connected?.fd && returned === 6);
		const received = kodos.calls('read').find(({ fd, returned }) => fd === accepted?.returned && returned === 6);
		const calls = (['socket', 'bind', 'listen', 'accept'] as const).filter((name) =>
			kodos.calls(name).some(({ fd, returned }) => (name === 'socket' ? returned : fd) === listening?.fd),
		);
		claim('HS4', calls.length === 4 && sent !== undefined && received !== undefined, {
			holds:
				`The server made its listening descriptor by ${calls.join(', ')}; the line left by the descriptor that ` +
				'connect was called on, and came in by the one that accept returned.',
			differs:
				`Of socket, bind, listen and accept the server called ${calls.join(', ') || 'none'} on its listening ` +
				'descriptor; or the line went another way.',
		});
		const flags = timeline.segments().map((segment) => segment.flags);
		return (
			`${flags.slice(0, 3).join(' | ')} to connect. On the server descriptor ${listening?.fd} listens and ` +
			`${connection?.fd} is the connection: read on it gave ${received?.returned}.`
		);
	},
);

scenario(
	'connecting: the server has not called accept',
	{
		question: 'Does the handshake wait for the server to call accept?',
		claims: ['WF4'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const kodos = await (await server.socket()).listen(8080);
		const kang = await client.socket();
		await kang.connect(server.port(8080));
		await expect(timeline).toShowSegments('> S', '< S.', '> .');
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080 });
		await expect(client).toHaveSocket({ state: 'ESTAB', remotePort: 8080 });

		step('kodos accepts');
		await kodos.accept();
		await expect(timeline).toShowSegments('> S', '< S.', '> .');
		const [accept] = timeline.calls('accept');
		const [connect] = timeline.calls('connect');
		const completed = (connect?.t ?? Number.NaN) + (connect?.took ?? Number.NaN);
		claim('WF4', connect?.returned === 0 && completed < (accept?.t ?? Number.NaN), {
			holds:
				'The kernel answers the SYN and takes the ACK by itself (tcp_conn_request, tcp_check_req); accept only ' +
				'takes a finished connection from the queue (inet_csk_accept).',
			differs: 'connect did not return before accept was called.',
		});
		return (
			`No: connect returned ${connect?.returned} ${(((accept?.t ?? 0) - completed) * 1_000).toFixed(0)} ms before ` +
			'accept was called, and accept put nothing on the wire.'
		);
	},
);

scenario(
	'listening: how many sockets does ncat open?',
	{
		question: 'ncat is told to listen on a port and on no address. Which sockets does it open?',
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
					'lsof shows one listening descriptor for each family, and ss a backlog of 10 for each (ncat, BACKLOG in ' +
					'ncat.h).',
				differs:
					`The listening descriptors are of ${families.join(' and ')}, and their backlogs are ` +
					`${backlogs.join(' and ')}: ncat 7.95 opens one for each family that the host has.`,
			},
		);
		return (
			`${sockets.map(({ family, fd }) => `${family} on descriptor ${fd}`).join(', ')}; with backlogs of ` +
			`${backlogs.join(' and ')}.`
		);
	},
);
