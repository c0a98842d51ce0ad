/**
 * What becomes of connections when the stateful firewall between the hosts is rebooted, or a standby takes over that
 * does not know them? Its table is empty. Whether it takes up a connection in the middle is a setting:
 * nf_conntrack_tcp_loose, on by default.
 */
import { expect, retransmissionTimeout, scenario } from '../../harness/index.ts';

scenario(
	'loose: data makes the connection known again',
	{
		question: 'The firewall is rebooted, and takes up connections in the middle. What do the hosts notice?',
		claims: ['WI-loose1'],
		between: 'router',
	},
	async ({ client, server, router, timeline, step, claim }) => {
		await router.firewall({ name: 'wall', loose: true });
		const listener = await (await server.socket()).listen(8080);
		const one = await client.socket();
		await one.connect(server.port(8080));
		const other = await listener.accept();
		const before = await expect(router).toHaveConnection({ state: 'ESTABLISHED', destinationPort: 8080 });

		const reboot = await router.forget({ name: 'reboot' });
		await expect(router).toHaveNoConnection();
		await expect(other.send('hello')).toReturn(5);
		await expect(one.recv()).toReturn(5);
		// The side that sends first counts as the one that opened the connection: its ports are the other way round.
		const after = await expect(router).toHaveConnection({
			state: 'ESTABLISHED',
			sourcePort: 8080,
			destinationPort: before.original.from.port,
			replied: true,
		});

		step('the other way round');
		await expect(one.send('thanks')).toReturn(6);
		await expect(other.recv()).toReturn(6);
		await reboot.heal();
		const lost = timeline.segments().filter(({ fate }) => fate !== 'delivered').length;
		claim('WI-loose1', lost === 0 && after.original.from.address === server.address, {
			holds:
				'A segment with ACK that belongs to nothing begins an entry in the state ESTABLISHED (tcp_new, ' +
				'tcp_conntracks). No segment is lost. The server, which was connected to, counts as the opener.',
			differs: `${lost} segments were lost; the opener is ${after.original.from.address}.`,
		});
		return 'Nothing: the next data passes at once. Only the firewall takes the server for the opener now.';
	},
);

/** The timeout is reached after 3 s, instead of 15 minutes. */
const retries2 = 3;

const strict = [
	{ what: 'drops', answer: 'nothing', error: 'ETIMEDOUT', claims: ['WI-loose2'] },
	{ what: 'resets', answer: 'reset', error: 'ECONNRESET', claims: [] },
] as const;

scenario.each(strict)(
	'not loose: data of the connection is unknown, and the firewall $what',
	({ claims }) => ({
		question: 'The firewall is rebooted, and takes up nothing in the middle. What does a program see?',
		claims,
		between: 'router',
		sysctls: { tcp_retries2: retries2 },
	}),
	async ({ client, server, router, timeline, step, claim }, { answer, error, claims }) => {
		await router.firewall({ name: 'wall', answer });
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		await listener.accept();
		await expect(router).toHaveConnection({ state: 'ESTABLISHED' });

		await router.forget({ name: 'reboot' });
		const reply = writer.recv();
		await expect(writer.send('hello')).toReturn(5);
		await expect(reply).toFailWith(error, answer === 'nothing' ? { after: retransmissionTimeout({ retries2 }) } : {});
		await expect(timeline).toShowSegment('1..x > P. 5 dropped by wall');
		await expect(router).toHaveNoConnection();
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, timer: 'none', receiveQueue: 0 });

		step('the program connects again');
		const again = await client.socket();
		await again.connect(server.port(8080));
		const accepted = await listener.accept();
		await expect(again.send('hello again')).toReturn(11);
		await expect(accepted.recv()).toReturn(11);
		// The old connection of the server is still there, beside the new one.
		await expect(server).toHaveSockets(2, { state: 'ESTAB', localPort: 8080 });
		const rows = await router.connections();
		if (claims.length > 0) {
			const passed = timeline.segments('client').filter(({ length, fate }) => length > 0 && fate === 'delivered');
			claim('WI-loose2', rows.length === 1 && passed.length === 1 && passed[0]?.length === 11, {
				holds:
					'tcp_new refuses what is not a SYN (tcp_loose), so the packet is INVALID, as are its retransmissions. ' +
					'Only the new connection has an entry.',
				differs: `${rows.length} connections are known, and ${passed.length} data segments passed.`,
			});
		}
		return (
			`The write succeeds, and the next call gives ${writer.process.results('read')}. A new connection passes, while ` +
			'the server keeps the old one, too.'
		);
	},
);

scenario(
	'loose: a FIN does not make the connection known, data does',
	{
		question: 'The firewall is rebooted, and the next segment of the connection is a FIN. Does the other side get it?',
		claims: ['WI-loose3'],
		between: 'router',
	},
	async ({ client, server, router, timeline, step, claim }) => {
		await router.firewall({ name: 'wall', loose: true });
		const listener = await (await server.socket()).listen(8080);
		const closing = await client.socket();
		await closing.connect(server.port(8080));
		const reader = await listener.accept();
		await expect(router).toHaveConnection({ state: 'ESTABLISHED' });

		await router.forget({ name: 'reboot' });
		const reading = reader.recv();
		await closing.shutdown('WR');
		// The tail-loss probe and the first retransmission are lost, too: a FIN begins nothing (tcp_conntracks, sIV).
		await expect(timeline).toShowSegment('2..x > F. dropped by wall');
		await expect(client).toHaveSocket({ state: 'FIN-WAIT-1', timer: 'on' });
		await expect(reading).toBlock();
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, timer: 'none' });
		const before = (await router.connections()).length;

		step('the server writes');
		await expect(reader.send('hello')).toReturn(5);
		await expect(closing.recv()).toReturn(5);
		// Now the connection is known, and the next retransmission of the FIN passes.
		await expect(timeline).toShowSegment('> F.');
		await expect(reading).toReturn(0);
		await expect(server).toHaveSocket({ state: 'CLOSE-WAIT', localPort: 8080 });
		const data = timeline.segments('server').find(({ length }) => length > 0)?.t ?? Number.NaN;
		const fins = timeline.segments('client').filter(({ flags }) => flags.includes('F'));
		const inOrder = fins.every(({ t, fate }) => (t < data ? fate === 'dropped' : true));
		claim('WI-loose3', before === 0 && inOrder && fins.some(({ t, fate }) => t > data && fate === 'delivered'), {
			holds:
				'In the table tcp_conntracks, FIN and RST lead from no entry to INVALID, and ACK leads to ESTABLISHED. So the ' +
				'FIN is lost until data of the other side has made an entry.',
			differs:
				`${before} connections were known after the FIN; the FINs were ` +
				`${fins.map(({ t, fate }) => `${fate} ${t < data ? 'before' : 'after'} the data`).join(', ')}.`,
		});
		const lost = fins.filter(({ fate }) => fate === 'dropped').length;
		return (
			`No: it is dropped ${lost} times. The server stays ESTAB until it writes. Its data makes the connection known, ` +
			'and the next retransmission of the FIN arrives.'
		);
	},
);

scenario(
	'loose: a RST is lost',
	{
		question: 'The firewall is rebooted, and one side aborts the connection. What does the other side learn, and when?',
		between: 'router',
	},
	async ({ client, server, router, timeline, step }) => {
		await router.firewall({ name: 'wall', loose: true });
		const listener = await (await server.socket()).listen(8080);
		const aborting = await client.socket();
		await aborting.connect(server.port(8080));
		const reader = await listener.accept();
		await expect(router).toHaveConnection({ state: 'ESTABLISHED' });

		await router.forget({ name: 'reboot' });
		const reading = reader.recv();
		await aborting.setOption('SO_LINGER', 1, 0);
		await aborting.close();
		await expect(timeline).toShowSegment('> R. dropped by wall');
		await expect(client).toHaveNoSocket();
		// A RST is not retransmitted.
		await expect(reading).toBlock({ forMs: 1_000 });
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080, timer: 'none' });

		step('the server writes');
		await expect(reader.send('hello')).toReturn(5);
		// The client's kernel has no such socket any more (RFC 9293, 3.10.7.1). Its RST belongs to a known connection.
		await expect(timeline).toShowSegment('> R');
		await expect(reading).toFailWith('ECONNRESET');
		return 'Nothing, until it writes: its data is taken up, and the client’s kernel answers with another RST.';
	},
);

scenario(
	'loose: taken up, and not answered',
	{
		question: 'After a reboot, the firewall has seen one side of a connection only. How long does it keep it?',
		claims: ['WI-loose4'],
		between: 'router',
	},
	async ({ client, server, router, step, claim }) => {
		await router.firewall({ name: 'wall', loose: true });
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		const before = await expect(router).toHaveConnection({ state: 'ESTABLISHED', replied: true });

		await router.forget({ name: 'reboot' });
		const lost = await server.drop({ name: 'lost' });
		await expect(writer.send('hello')).toReturn(5);
		// nf_conntrack_tcp_timeout_unacknowledged is 300 s (nf_conntrack-sysctl.rst).
		const oneSided = await expect(router).toHaveConnection({
			state: 'ESTABLISHED',
			replied: false,
			timeLeft: { atMostMs: 300_000 },
		});

		step('the server gets it, and answers');
		await lost.heal();
		await expect(reader.recv()).toReturn(5);
		// The first answer is judged before it counts as one (nf_conntrack_in sets IPS_SEEN_REPLY after the packet).
		const answered = await expect(router).toHaveConnection({
			state: 'ESTABLISHED',
			replied: true,
			timeLeft: { atMostMs: 300_000 },
		});

		step('the next packets');
		await expect(writer.send('again')).toReturn(5);
		await expect(reader.recv()).toReturn(5);
		const later = await expect(router).toHaveConnection({
			state: 'ESTABLISHED',
			timeLeft: { atLeastMs: 431_000_000 },
		});
		const left = [before, oneSided, answered, later].map(({ secondsLeft = Number.NaN }) => secondsLeft);
		const [known = 0, alone = 0, first = 0, next = 0] = left;
		claim('WI-loose4', alone <= 300 && [known, first].every((seconds) => seconds > 431_000), {
			holds:
				'An entry in the state ESTABLISHED without a reply gets the timeout of unacknowledged data ' +
				`(nf_conntrack_tcp_packet): ${alone} s were left. With the reply there were ${first} s.`,
			differs:
				`Without a reply ${alone} s were left, after the reply ${first} s, and only after the next packets ${next} s: ` +
				'the timeout is chosen before the packet counts as a reply (nf_conntrack_in, IPS_SEEN_REPLY).',
		});
		return `${alone} s are left, still ${first} s when the server has answered, and ${next} s after the next packets.`;
	},
);

scenario(
	'masquerade: the client writes first',
	{
		question: 'A router that translates the client’s address is rebooted. Does the connection survive the next write?',
		claims: ['WI-nat3'],
		between: 'router',
	},
	async ({ client, server, router, timeline, claim }) => {
		await router.masquerade({ name: 'nat' });
		const listener = await (await server.socket()).listen(8080);
		const writer = await client.socket();
		await writer.connect(server.port(8080));
		const reader = await listener.accept();
		const before = await expect(router).toHaveConnection({ state: 'ESTABLISHED', replied: true });

		await router.forget({ name: 'reboot' });
		await expect(writer.send('hello')).toReturn(5);
		// The server’s kernel finds its connection only by the endpoints that it knows.
		await expect(reader.recv()).toReturn(5);
		await expect(client).toHaveSocket({ state: 'ESTAB', sendQueue: 0 });
		const after = await expect(router).toHaveConnection({ state: 'ESTABLISHED', replied: true });
		const lost = timeline.segments().filter(({ fate }) => fate !== 'delivered').length;
		const [was, is] = [before, after].map(({ reply }) => reply.to.port);
		claim('WI-nat3', was === is && lost === 0, {
			holds:
				`The data begins a new entry (tcp_new, tcp_loose). The client’s port ${is} is free at the router, so it is ` +
				'chosen again (nf_nat_l4proto_unique_tuple), and the server sees the endpoints that it knows.',
			differs: `The port at the router was ${was} and is ${is}; ${lost} segments were lost.`,
		});
		return 'Yes: the router translates the data as a new connection, by chance of the free port to the same endpoints.';
	},
);

scenario(
	'masquerade: the server writes first',
	{
		question: 'The router is rebooted, and the server writes before the client does. What does each side see?',
		claims: ['WI-nat4'],
		between: 'router',
	},
	async ({ client, server, router, timeline, step, claim }) => {
		await router.masquerade({ name: 'nat' });
		const listener = await (await server.socket()).listen(8080);
		const one = await client.socket();
		await one.connect(server.port(8080));
		const other = await listener.accept();
		const there = await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080 });

		await router.forget({ name: 'reboot' });
		const reading = other.recv();
		await expect(other.send('hello')).toReturn(5);
		// The segment is addressed to the router, which has no such socket (RFC 9293, 3.10.7.1; tcp_v4_send_reset).
		await expect(timeline).toShowSegment('> R');
		await expect(reading).toFailWith('ECONNRESET');
		await expect(server).toHaveNoSocket({ state: 'ESTAB' });
		const waiting = await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'none' });
		await timeline.upToDate();
		const resets = timeline.segments('router');

		step('the client writes');
		const reply = one.recv();
		await expect(one.send('still there?')).toReturn(12);
		// Now the server’s kernel has no such socket either.
		await expect(reply).toFailWith('ECONNRESET');
		await expect(client).toHaveNoSocket();
		claim(
			'WI-nat4',
			resets.length === 1 &&
				resets[0]?.receiver === 'server' &&
				resets[0].from.address === there.remote.address &&
				resets[0].from.port === there.remote.port &&
				waiting.receiveQueue === 0,
			{
				holds:
					'Without its entry the router does not know that the segment is for somebody else. Its own stack answers ' +
					'with a RST (tcp_v4_rcv, no_tcp_socket), which has the endpoints that the server knows. The client is ESTAB.',
				differs:
					`The router sent ${resets.length} segments, to ${resets.map(({ receiver }) => receiver).join(', ') || 'nobody'}; ` +
					`the client had ${waiting.receiveQueue} bytes to read.`,
			},
		);
		return (
			`The router itself resets the server: ${other.process.results('read')}. The client is not told, and gets ` +
			`${one.process.results('read')} when it writes.`
		);
	},
);
