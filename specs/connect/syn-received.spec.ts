/**
 * How long does a server keep a half-open connection, whose handshake is not complete? The SYN-ACK or the last ACK is
 * lost. The server's kernel then has a connection request in SYN-RECV, repeats the SYN-ACK, and gives up without
 * telling the client (reqsk_timer_handler; synAckSchedule in harness/tcp/handshake.ts).
 */
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

/** For iptables --tcp-flags: of the flags SYN, RST and ACK, exactly SYN and ACK are set. */
const SYN_ACK = 'SYN,RST,ACK SYN,ACK';

/**
 * The client starts to connect, and closes its socket before an answer has arrived; SYN-ACKs are lost. One program does
 * both, because it must be done within a second: then the SYN would be sent again.
 */
async function connectAndLeave({ client, server }: ScenarioLab): Promise<void> {
	const { address, port } = server.port(8080);
	const caller = await client.run([
		'node',
		'-e',
		`const socket = net.connect(${port}, '${address}'); setImmediate(() => socket.destroy());`,
	]);
	await expect(caller).toFail('connect', 'EINPROGRESS');
	await expect(caller).toHaveEnded({ status: 0 });
}

/** The limit for what comes after a program was started, because starting takes long on a slow machine. */
const START_LIMIT_MS = 60_000;

/** Waits until ss no longer shows the request. Returns how long it lasted from the first SYN-ACK, in ms. */
async function requestLastedMs({ server, timeline }: ScenarioLab, giveUpMs: number): Promise<number> {
	await timeline.upToDate();
	const since = timeline.segments('server')[0]?.t ?? Number.NaN;
	const gone = await expect(server).toHaveNoSocket({ state: 'SYN-RECV' }, { after: spanOf(giveUpMs), since });
	return (gone.t - since) * 1_000;
}

/** The default is 5 and takes a minute. In real time, 3 is enough to test the formula. */
const retries = shortened({ default: 5, to: 3 });

scenario(
	'half made: the client goes away',
	{
		question:
			'The client closes its socket in SYN-SENT, without having seen the SYN-ACK. What does it send, and what does ' +
			'the server do?',
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
			after: { ...spanOf(retransmissionsMs.at(-1) ?? 0), atMostMs: START_LIMIT_MS },
		});
		await connectAndLeave(lab);
		await expect(client).toHavePassedThrough('SYN-SENT', 'CLOSED');
		await expect(client).toHaveNoSocket();

		await request;
		const lasted = await requestLastedMs(lab, giveUpMs);
		await expect(timeline).toRetransmit('< S. dropped by syn-ack', retransmissionsMs);
		// Nothing else is sent: no FIN and no RST, by neither side.
		await expect(timeline).toShowSegments('> S', `${1 + retries}x < S. dropped by syn-ack`);

		claim(
			'KH-synrecv1',
			timeline.states('client').at(-1) === 'CLOSED' && timeline.segments('client').every(({ flags }) => flags === 'S'),
			{
				holds:
					'The client does not know whether the other side exists, so there is nothing to finish: SYN-SENT goes to ' +
					'CLOSED without a segment (tcp_close_state).',
				differs: 'The client sent something when it closed, or kept its socket.',
			},
		);
		if (retries === 5) measured('SYN-ACK dropped, until SYN-RECV is gone', lasted / 1_000);
		// The times of the claim. With fewer retries, the first ones.
		const claimed = [1_000, 3_000, 7_000, 15_000, 31_000, 63_000];
		const [first, ...again] = timeline.segments('server');
		const onTime = again.every(({ t }, turn) =>
			isTimerOf((t - (first?.t ?? Number.NaN)) * 1_000, claimed[turn] ?? Number.NaN),
		);
		claim('KH-synrecv2', again.length === retries && onTime && lasted >= (claimed[retries] ?? Number.NaN), {
			holds:
				'The timer of the SYN-ACK doubles from 1 s (reqsk_timer_handler); linear timeouts do not apply to it. With ' +
				`tcp_synack_retries = ${retries} the request was gone after ${(lasted / 1_000).toFixed(1)} s; the default, ` +
				`5, means ${synAckSchedule({ retries: 5 }).giveUpMs / 1_000} s.`,
			differs: 'The SYN-ACKs were sent at different times, or the request was gone at a different time.',
		});
		return (
			'Nothing: the client’s socket is gone at once. The server repeats its SYN-ACK ' +
			`${timeline.segments('server').length - 1} times, and drops the request after ${(lasted / 1_000).toFixed(1)} ` +
			's, without sending anything else.'
		);
	},
);

/** The default is 5. */
const tcp_synack_retries = shortened({ default: 5, to: 2 });

/**
 * An option of the listener, and the number of SYN-ACK retries that follows from it. TCP_SYNCNT of the listener
 * replaces tcp_synack_retries (reqsk_timer_handler).
 */
const listeners = [
	{ option: 'TCP_USER_TIMEOUT', value: 1_000, retries: tcp_synack_retries },
	{ option: 'TCP_SYNCNT', value: 1, retries: 1 },
] as const;

scenario.each(listeners)(
	'half made: $option on the listener',
	({ option, value }) => ({
		question: `The listener has set ${option} = ${value}. Does this change when a connection in SYN-RECV is given up?`,
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
		const lasted = await requestLastedMs(lab, giveUpMs);
		await expect(timeline).toRetransmit('< S. dropped by syn-ack', retransmissionsMs);
		if (option === 'TCP_USER_TIMEOUT') {
			claim('KH-synrecv3', lasted >= giveUpMs, {
				holds:
					'A connection request is not a full socket and has no TCP_USER_TIMEOUT. reqsk_timer_handler checks only ' +
					`the number of retries, so the request lasted ${(lasted / 1_000).toFixed(1)} s. (TCP_SYNCNT of the ` +
					'listener does count.)',
				differs: 'TCP_USER_TIMEOUT ended the request.',
			});
		}
		return (
			`It was gone after ${(lasted / 1_000).toFixed(1)} s. Its SYN-ACK had been sent ` +
			`${timeline.segments('server').length} times.`
		);
	},
);

/** The defaults are 6 and 5, and take two minutes. */
const both = shortened({
	default: { tcp_syn_retries: 6, tcp_synack_retries: 5 },
	to: { tcp_syn_retries: 2, tcp_synack_retries: 2 },
});

scenario(
	'half made: the client keeps trying',
	{
		question: 'SYNs arrive, SYN-ACKs do not, and both sides stay. Which side repeats its segment, and until when?',
		claims: ['KH-synrecv4'],
		sysctls: both,
	},
	async (lab) => {
		const { client, server, timeline, claim } = lab;
		const clientSchedule = synSchedule({
			retries: both.tcp_syn_retries,
			linear: timeline.sysctl('tcp_syn_linear_timeouts'),
		});
		const serverSchedule = synAckSchedule({ retries: both.tcp_synack_retries });
		await client.drop({ name: 'syn-ack', tcpFlags: SYN_ACK });
		await (await server.socket()).listen(8080);
		const caller = await client.socket();
		const trying = Promise.all([
			expect(client).toHaveSocket({ state: 'SYN-SENT', timer: 'on' }),
			expect(server).toHaveSocket({ state: 'SYN-RECV', timer: 'on' }),
		]);
		const connect = caller.connect(server.port(8080));
		await trying;

		const { atMostMs } = spanOf(clientSchedule.giveUpMs + serverSchedule.giveUpMs);
		await Promise.all([
			expect(connect).toFailWith('ETIMEDOUT', { after: spanOf(clientSchedule.giveUpMs) }),
			expect(server).toHaveNoSocket({ state: 'SYN-RECV' }, { after: { ...spanOf(serverSchedule.giveUpMs), atMostMs } }),
		]);
		// The last SYN may have arrived just after the server dropped the request, and started another one.
		const lasted = await requestLastedMs(lab, serverSchedule.giveUpMs);
		await expect(client).toHaveNoSocket();
		await expect(timeline).toRetransmit('> S', clientSchedule.retransmissionsMs);
		await expect(timeline).toShowSegments('> S', '< S. dropped by syn-ack', '...', '< S. dropped by syn-ack');
		await expect(timeline).toShowNoSegment('< R sent');
		await expect(timeline).toShowNoSegment('> R sent');
		const [syns, synAcks] = [timeline.segments('client').length, timeline.segments('server').length];
		// Each SYN is answered at once, which postpones the server's own timer (tcp_check_req), but does not reduce the
		// number of its expiries. So there is one SYN-ACK for each SYN, and tcp_synack_retries more for each request. With
		// the defaults, the timers of both sides may expire at the same moment: if the server's is first, it ends the
		// request, and the SYN starts a second one with its own sequence number.
		const requests = timeline.segments('server').filter(({ retransmission }) => !retransmission).length;
		expect(requests).toBeLessThanOrEqual(2);
		expect(synAcks).toBe(syns + requests * both.tcp_synack_retries);
		claim('KH-synrecv4', syns > 1 && synAcks > syns, {
			holds:
				`The client sent its SYN ${syns} times and timed out. The server answered each SYN at once (tcp_check_req), ` +
				`repeated its SYN-ACK ${synAcks - syns} times by its own timer (reqsk_timer_handler), and then dropped the ` +
				'request.',
			differs: 'One side did not repeat its segment, or did not time out.',
		});
		return (
			`Both: ${syns} SYNs until connect fails with ${connect.event.errno} after ${connect.event.took?.toFixed(1)} s, ` +
			`and ${synAcks} SYN-ACKs until the server drops the request after ${(lasted / 1_000).toFixed(1)} s.`
		);
	},
);

scenario(
	'half made: only the SYN-ACK is lost',
	{
		question:
			'A firewall rule matches segments with SYN and ACK, but without RST. Does it match anything but SYN-ACKs?',
		claims: ['QI9'],
	},
	async ({ client, server, timeline, step, claim }) => {
		const listener = await (await server.socket()).listen(8080, { backlog: 2 });
		const before = await client.socket();
		await before.connect(server.port(8080));
		const accepted = await listener.accept();

		const fault = await client.drop({ name: 'syn-ack', tcpFlags: SYN_ACK });
		step('the server sends data, a refusal, a FIN and a RST');
		await accepted.send('hello');
		await expect(before.recv()).toReturn(5);
		await before.send('hello');
		await expect(accepted.recv()).toReturn(5);
		await expect((await client.socket()).connect(server.port(8081))).toFailWith('ECONNREFUSED');
		await accepted.close();
		await expect(before.recv()).toReturn(0);
		await before.send('too late');
		await expect(timeline).toShowSegment('< R');

		step('a client connects');
		const connect = (await client.socket()).connect(server.port(8080));
		await expect(timeline).toShowSegment('< S. dropped by syn-ack');
		await expect(client).toHaveSocket({ state: 'SYN-SENT' });
		await expect(server).toHaveSocket({ state: 'SYN-RECV' });
		await fault.heal();
		// The next SYN-ACK arrives, when either side's timer expires.
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
				`The rule matched only SYN-ACKs (${dropped.length}). ${[...passed].join(' ')} passed, and so did the ` +
				'SYN-ACKs before and after the rule. A RST with ACK also has the third flag, RST; all other segments lack ' +
				'SYN.',
			differs: 'The rule also matched segments other than SYN-ACKs.',
		});
		return (
			'No. Of everything that the server sent, the rule matched ' +
			`${[...new Set(dropped.map(({ flags }) => flags))].join(' ')}, and did not match ${[...passed].join(' ')}.`
		);
	},
);

/** For iptables --tcp-flags: of these five flags, only ACK is set. */
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
		const caller = await client.socket();
		const accept = listener.accept();
		const connect = caller.connect(server.port(8080));
		await expect(connect).toReturn(0);
		const clientSocket = await expect(client).toHaveSocket({ state: 'ESTAB', timer: 'none' });
		// The SYN-ACK is sent again after 1 s, 3 s and so on, and each time its ACK is lost, too.
		const serverSocket = await expect(server).toHaveSocket({
			state: 'SYN-RECV',
			timer: 'on',
			timerCount: { atLeast: 2 },
		});
		await expect(accept).toBlock();

		step('the client sends');
		await caller.send('hello');
		await expect(server).toHaveSocket({ state: 'ESTAB', localPort: 8080 });
		const accepted: Socket = await accept;
		await expect(accepted.recv()).toReturn(5);
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
			connect.endedAt < serverSocket.t &&
				clientSocket.state === 'ESTAB' &&
				serverSocket.state === 'SYN-RECV' &&
				accepted.process.returned('read', 5),
			{
				holds:
					'For the client, the SYN-ACK completes the handshake. The server stays in SYN-RECV and repeats the SYN-ACK ' +
					'until an ACK arrives. Every segment has an ACK, so the data completed the handshake (tcp_check_req).',
				differs: 'The sides were in other states, or the data did not complete the handshake.',
			},
		);
		return (
			`The client has one at once: connect returned ${connect.event.returned} after ` +
			`${((connect.event.took ?? 0) * 1_000).toFixed(1)} ms. The server is in ${serverSocket.state} until data ` +
			`arrives; then its recv gives ${accepted.process.results('read')}.`
		);
	},
);
