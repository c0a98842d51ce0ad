/** How long does a server keep a connection that was only half made? */
import {
	expect,
	isTimerOf,
	type ScenarioLab,
	type Socket,
	scenario,
	shortened,
	spanOf,
	synAckSchedule,
	synSchedule,
} from '../../harness/index.ts';

/** As iptables takes it: of the three flags, SYN and ACK are set and RST is not. */
const SYN_ACK = 'SYN,RST,ACK SYN,ACK';

/**
 * The client begins to connect and closes its socket before an answer has arrived; SYN-ACKs are lost. It is one program
 * that does both: a second later the SYN would be sent again.
 */
async function connectAndLeave({ client, server }: ScenarioLab): Promise<void> {
	const { address, port } = server.port(8080);
	const kang = await client.run([
		'node',
		'-e',
		`const socket = net.connect(${port}, '${address}'); setImmediate(() => socket.destroy());`,
	]);
	await expect(kang).toFail('connect', 'EINPROGRESS');
	await expect(kang).toHaveEnded({ status: 0 });
}

/** For what comes after a program was started: a slow machine takes its time for that. */
const PATIENCE_MS = 60_000;

/** Waits until ss no longer shows the request, and says how long that was from the first SYN-ACK, in ms. */
async function requestLasts({ server, timeline }: ScenarioLab, giveUpMs: number): Promise<number> {
	await timeline.upToDate();
	const since = timeline.segments('server')[0]?.t ?? Number.NaN;
	const gone = await expect(server).toHaveNoSocket({ state: 'SYN-RECV' }, { after: spanOf(giveUpMs), since });
	return (gone.t - since) * 1_000;
}

/** The default is 5 and takes a minute; where that costs as much, 3 proves the formula that says so. */
const retries = shortened({ default: 5, to: 3 });

scenario(
	'half made: the client goes away',
	{
		question:
			'The client closes its socket in SYN-SENT and never saw the SYN-ACK. What does it tell the server, and what ' +
			'does the server do?',
		claims: ['KH-synrecv1', 'KH-synrecv2'],
		sysctls: { tcp_synack_retries: retries },
	},
	async (lab) => {
		const { client, server, timeline, claim, measured } = lab;
		const { retransmissionsMs, giveUpMs } = synAckSchedule({ retries });
		await (await server.socket()).listen(8080);
		const last = { state: 'SYN-RECV', timer: 'on', timerCount: retries } as const;
		await client.drop({ name: 'syn-ack', tcpFlags: SYN_ACK });
		const request = expect(server).toHaveSocket(last, {
			after: { ...spanOf(retransmissionsMs.at(-1) ?? 0), atMostMs: PATIENCE_MS },
		});
		await connectAndLeave(lab);
		await expect(client).toHavePassedThrough('SYN-SENT', 'CLOSED');
		await expect(client).toHaveNoSocket();

		await request;
		const lasted = await requestLasts(lab, giveUpMs);
		await expect(timeline).toRetransmit('< S. dropped by syn-ack', retransmissionsMs);
		// That is all: no FIN and no RST, from neither side.
		await expect(timeline).toShowSegments('> S', `${1 + retries}x < S. dropped by syn-ack`);

		claim(
			'KH-synrecv1',
			timeline.states('client').at(-1) === 'CLOSED' && timeline.segments('client').every(({ flags }) => flags === 'S'),
			{
				holds:
					'The other side is not known to exist, so there is nothing to finish: SYN-SENT closes to CLOSED without a ' +
					'segment (tcp_close_state).',
				differs: 'The client said something when it closed, or kept its socket.',
			},
		);
		if (retries === 5) measured('SYN-ACK dropped, until SYN-RECV is gone', lasted / 1_000);
		// As the claim has them; the first of them where fewer are asked for.
		const claimed = [1_000, 3_000, 7_000, 15_000, 31_000, 63_000];
		const [first, ...again] = timeline.segments('server');
		const onTime = again.every(({ t }, turn) =>
			isTimerOf((t - (first?.t ?? Number.NaN)) * 1_000, claimed[turn] ?? Number.NaN),
		);
		claim('KH-synrecv2', again.length === retries && onTime && lasted >= (claimed[retries] ?? Number.NaN), {
			holds:
				'The SYN-ACK’s timer doubles from 1 s (reqsk_timer_handler) and knows nothing of linear timeouts. With ' +
				`tcp_synack_retries = ${retries} the request was gone after ${(lasted / 1_000).toFixed(1)} s; the default, ` +
				`5, is ${synAckSchedule({ retries: 5 }).giveUpMs / 1_000} s.`,
			differs: 'The schedule of the SYN-ACKs, or the time when the request was gone, is another.',
		});
		return (
			'Nothing: its socket is gone at once. The server repeats its SYN-ACK ' +
			`${timeline.segments('server').length - 1} times and forgets the connection after ` +
			`${(lasted / 1_000).toFixed(1)} s, without a word.`
		);
	},
);

/** The default is 5. */
const tcp_synack_retries = shortened({ default: 5, to: 2 });

/** What the listener was told, and how many retries that should make of its tcp_synack_retries. */
const listeners = [
	{ option: 'TCP_USER_TIMEOUT', value: 1_000, retries: tcp_synack_retries },
	{ option: 'TCP_SYNCNT', value: 1, retries: 1 },
] as const;

scenario.each(listeners)(
	'half made: $option on the listener',
	({ option, value }) => ({
		question: `The listener has set ${option} = ${value}. Is a connection in SYN-RECV given up at another time?`,
		claims: option === 'TCP_USER_TIMEOUT' ? ['KH-synrecv3'] : [],
		sysctls: { tcp_synack_retries },
	}),
	async (lab, { option, value, retries }) => {
		const { client, server, timeline, claim } = lab;
		const { retransmissionsMs, giveUpMs } = synAckSchedule({ retries });
		const listener = await server.socket();
		await listener.setOption(option, value);
		await listener.listen(8080);
		await client.drop({ name: 'syn-ack', tcpFlags: SYN_ACK });
		await connectAndLeave(lab);
		const lasted = await requestLasts(lab, giveUpMs);
		await expect(timeline).toRetransmit('< S. dropped by syn-ack', retransmissionsMs);
		if (option === 'TCP_USER_TIMEOUT') {
			claim('KH-synrecv3', lasted >= giveUpMs, {
				holds:
					'A request is no full socket and has no TCP_USER_TIMEOUT: reqsk_timer_handler looks at the number of ' +
					`retries only, so it lasted ${(lasted / 1_000).toFixed(1)} s. (Of the listener’s options TCP_SYNCNT is ` +
					'the one that counts.)',
				differs: 'TCP_USER_TIMEOUT ended the request.',
			});
		}
		return (
			`It was gone after ${(lasted / 1_000).toFixed(1)} s; its SYN-ACK had been sent ` +
			`${timeline.segments('server').length} times.`
		);
	},
);

/** The defaults are 6 and 5. */
const both = shortened({
	default: { tcp_syn_retries: 6, tcp_synack_retries: 5 },
	to: { tcp_syn_retries: 2, tcp_synack_retries: 2 },
});

scenario(
	'half made: the client keeps trying',
	{
		question: 'SYNs arrive, SYN-ACKs do not, and both sides stay. Which of them repeats itself, and until when?',
		claims: ['KH-synrecv4'],
		sysctls: both,
	},
	async (lab) => {
		const { client, server, timeline, claim } = lab;
		const clients = synSchedule({ retries: both.tcp_syn_retries, linear: timeline.sysctl('tcp_syn_linear_timeouts') });
		const servers = synAckSchedule({ retries: both.tcp_synack_retries });
		await client.drop({ name: 'syn-ack', tcpFlags: SYN_ACK });
		await (await server.socket()).listen(8080);
		const kang = await client.socket();
		const trying = Promise.all([
			expect(client).toHaveSocket({ state: 'SYN-SENT', timer: 'on' }),
			expect(server).toHaveSocket({ state: 'SYN-RECV', timer: 'on' }),
		]);
		const connect = kang.connect(server.port(8080));
		await trying;

		const { atMostMs } = spanOf(clients.giveUpMs + servers.giveUpMs);
		await Promise.all([
			expect(connect).toFailWith('ETIMEDOUT', { after: spanOf(clients.giveUpMs) }),
			expect(server).toHaveNoSocket({ state: 'SYN-RECV' }, { after: { ...spanOf(servers.giveUpMs), atMostMs } }),
		]);
		// A SYN may have come just when the server had forgotten.
		const lasted = await requestLasts(lab, servers.giveUpMs);
		await expect(client).toHaveNoSocket();
		await expect(timeline).toRetransmit('> S', clients.retransmissionsMs);
		await expect(timeline).toShowSegments('> S', '< S. dropped by syn-ack', '...', '< S. dropped by syn-ack');
		await expect(timeline).toShowNoSegment('< R sent');
		await expect(timeline).toShowNoSegment('> R sent');
		const [syns, synAcks] = [timeline.segments('client').length, timeline.segments('server').length];
		// Each SYN is answered at once, which puts the server's own timer off; all its turns come nevertheless. With the
		// defaults the two timers may run out in the same moment: if the server's is first, its last turn ends the request,
		// and the SYN begins another with a sequence number of its own.
		const requests = timeline.segments('server').filter(({ retransmission }) => !retransmission).length;
		expect(requests).toBeLessThanOrEqual(2);
		expect(synAcks).toBe(syns + requests * both.tcp_synack_retries);
		claim('KH-synrecv4', syns > 1 && synAcks > syns, {
			holds:
				`The client sent its SYN ${syns} times and timed out. The server answered each at once (tcp_check_req), ` +
				`repeated its SYN-ACK ${synAcks - syns} times by its own timer (reqsk_timer_handler), and then forgot the ` +
				'connection.',
			differs: 'One side did not repeat itself, or did not time out.',
		});
		return (
			`Both: ${syns} SYNs until connect fails with ${connect.event.errno} after ${connect.event.took?.toFixed(1)} ` +
			`s, and ${synAcks} SYN-ACKs until the server forgets the connection after ${(lasted / 1_000).toFixed(1)} s.`
		);
	},
);

scenario(
	'half made: only the SYN-ACK is lost',
	{
		question: 'A firewall rule matches SYN and ACK set, RST not. Does anything else of TCP get caught in it?',
		claims: ['QI9'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080, { backlog: 2 });
		const before = await client.socket();
		await before.connect(server.port(8080));
		const accepted = await listener.accept();

		const fault = await client.drop({ name: 'syn-ack', tcpFlags: SYN_ACK });
		step('data, a refusal, a FIN and a RST come from the server');
		await accepted.send('hello');
		await expect(before.recv()).toReturn(5);
		await before.send('hello');
		await expect(accepted.recv()).toReturn(5);
		await expect((await client.socket()).connect(server.port(8081))).toFailWith('ECONNREFUSED');
		await accepted.close();
		await expect(before.recv()).toReturn(0);
		await before.send('too late');
		await expect(timeline).toShowSegment('< R');

		step('a connection is asked for');
		const connect = (await client.socket()).connect(server.port(8080));
		await expect(timeline).toShowSegment('< S. dropped by syn-ack');
		await expect(client).toHaveSocket({ state: 'SYN-SENT' });
		await expect(server).toHaveSocket({ state: 'SYN-RECV' });
		await fault.heal();
		// The next one comes through, at the next turn of either timer.
		await expect(connect).toReturn(0);

		await timeline.upToDate();
		const dropped = timeline.segments().filter(({ fate }) => fate === 'dropped');
		const passed = new Set(
			timeline.segments('server').flatMap(({ flags, fate }) => (fate === 'delivered' ? [flags] : [])),
		);
		expect(dropped).toHaveLength(await fault.count());
		expect([...passed]).toEqual(expect.arrayContaining(['S.', 'P.', 'R.', 'F.', 'R']));
		claim('QI9', dropped.length > 0 && dropped.every(({ host, flags }) => host === 'server' && flags === 'S.'), {
			holds:
				`The rule met SYN-ACKs only (${dropped.length}); ${[...passed].join(' ')} passed, the SYN-ACK before and ` +
				'after it was there. A RST with ACK has the third flag set, all others lack SYN.',
			differs: 'The rule also met segments other than SYN-ACKs.',
		});
		return (
			`No. Of all that the server sent, it met ${[...new Set(dropped.map(({ flags }) => flags))].join(' ')}, and ` +
			`let pass ${[...passed].join(' ')}.`
		);
	},
);

/** Exactly ACK, of all flags that a segment of a connection can have. */
const ACK_ALONE = 'SYN,ACK,FIN,RST,PSH ACK';

scenario(
	'half made: the last ACK is lost',
	{
		question: 'The client’s ACK of the SYN-ACK is lost. Does each side have a connection?',
		claims: ['KH-synack2'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080);
		const acks = await server.drop({ name: 'last-ack', tcpFlags: ACK_ALONE });
		const kang = await client.socket();
		const accept = listener.accept();
		const connect = kang.connect(server.port(8080));
		await expect(connect).toReturn(0);
		const clients = await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'none' });
		// The SYN-ACK comes again after 1 s, 3 s, …, and each time its ACK is lost, too.
		const servers = await expect(server).toHaveSocket({ state: 'SYN-RECV', timer: 'on', timerCount: { atLeast: 2 } });
		await expect(accept).toBlock();

		step('the client sends');
		await kang.send('hello');
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080 });
		const kodos: Socket = await accept;
		await expect(kodos.recv()).toReturn(5);
		await acks.heal();
		await expect(timeline).toShowSegments(
			'> S',
			'< S.',
			'> . dropped by last-ack',
			'< S.',
			'...',
			'< S.',
			'...',
			'> P. 5',
			'...',
		);
		const again = timeline.segments('server').filter(({ flags }) => flags === 'S.').length - 1;
		await expect(timeline).toRetransmit('< S.', synAckSchedule({ retries: 5 }).retransmissionsMs.slice(0, again));
		claim(
			'KH-synack2',
			connect.endedAt < servers.t &&
				clients.state === 'ESTAB' &&
				servers.state === 'SYN-RECV' &&
				kodos.process.returned('read', 5),
			{
				holds:
					'For the client the SYN-ACK completes the handshake; the server is in SYN-RECV and repeats it until an ' +
					'ACK comes, and every segment carries one: the data was it (tcp_check_req).',
				differs: 'The sides were in other states, or the data did not complete the handshake.',
			},
		);
		return (
			`The client does, at once (connect returned ${connect.event.returned} after ` +
			`${((connect.event.took ?? 0) * 1_000).toFixed(1)} ms); the server’s side is in ${servers.state} until data ` +
			`comes: its recv gives ${kodos.process.results('read')}.`
		);
	},
);
