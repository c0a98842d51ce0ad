/**
 * What is retransmitted while ss shows the timer "on", and can a program limit it? A SYN, data and a SYN-ACK are lost.
 * TCP_USER_TIMEOUT limits the first two. It does not limit the SYN-ACK, because a connection request in SYN-RECV is not
 * a full socket.
 */
import { expect, scenario, spanOf, synSchedule, type Timeline } from '../../harness/index.ts';

/**
 * Between two expiries of each timer. A SYN is sent again after 7 s and 11 s, or after 7 s and 15 s without linear
 * timeouts; data after 6.2 s and 12.6 s.
 */
const userTimeoutMs = 8_000;

scenario(
	'ss: the timer on',
	{
		question:
			`A SYN-ACK, data and a SYN are lost, each on a socket with a TCP_USER_TIMEOUT of ${userTimeoutMs / 1_000} s. ` +
			'What does ss show, and when does each end?',
		claims: ['QI1'],
		// Without tail-loss probes, each retransmission is an expiry of the timer. With 7 retries, SYN-RECV lasts 247 s (1
		// + 2 + 4 + … + 64 + 120), so it outlives everything else, however busy the machine is.
		sysctls: { tcp_early_retrans: 0, tcp_synack_retries: 7 },
	},
	async ({ client, server, timeline, step, claim }) => {
		step('a SYN-ACK is lost');
		const listener = await server.socket();
		await listener.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
		await listener.listen(8001);
		await client.drop({ name: 'lost-syn-ack', sourcePort: 8001 });
		const caller = await client.socket();
		caller.connect(server.port(8001));
		await expect(server).toHaveSocket({ state: 'SYN-RECV', localPort: 8001, timer: 'on' });
		// The caller is gone and sends nothing, so from now on only the SYN-ACK is sent again.
		await caller.process.exit();

		step('data is lost');
		await (await server.socket()).listen(8002);
		const writer = await client.socket();
		await writer.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
		await writer.connect(server.port(8002));
		await server.drop({ name: 'lost-data', destinationPort: 8002 });
		// The state is short-lived: start the expectation before the action, because a busy machine may look late.
		const reading = writer.recv();
		const dataSeen = expect(client).toHaveSocket({ state: 'ESTAB', remotePort: 8002, sendQueue: 5, timer: 'on' });
		await writer.send('hello');
		await dataSeen;

		step('a SYN is lost');
		await server.drop({ name: 'lost-syn', destinationPort: 8003 });
		const connector = await client.socket();
		await connector.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
		const synSeen = expect(client).toHaveSocket({ state: 'SYN-SENT', remotePort: 8003, timer: 'on' });
		const connecting = connector.connect(server.port(8003));
		await synSeen;

		await timeline.upToDate();
		await expect(reading).toFailWith('ETIMEDOUT', { after: spanOf(userTimeoutMs), since: firstLost(timeline, 8002) });
		await expect(connecting).toFailWith('ETIMEDOUT', {
			after: spanOf(userTimeoutMs),
			since: firstLost(timeline, 8003),
		});
		const stillThere = await expect(server).toHaveSocket({ state: 'SYN-RECV', localPort: 8001, timer: 'on' });

		const ms = {
			synAck: (stillThere.t - firstLost(timeline, 8001)) * 1_000,
			data: (reading.endedAt - firstLost(timeline, 8002)) * 1_000,
			syn: (connecting.endedAt - firstLost(timeline, 8003)) * 1_000,
		};
		const { retransmissionsMs } = synSchedule({ retries: 6, linear: timeline.sysctl('tcp_syn_linear_timeouts') });
		const nextExpiryMs = {
			data: 12_600,
			syn: retransmissionsMs.find((expiry) => expiry > userTimeoutMs) ?? Number.NaN,
		};
		claim(
			'QI1',
			ms.syn < nextExpiryMs.syn &&
				ms.data < nextExpiryMs.data &&
				ms.synAck > userTimeoutMs &&
				(stillThere.timer?.count ?? 0) > 0,
			{
				holds:
					'For SYN and data, the timer expires no later than the user timeout (tcp_clamp_rto_to_user_timeout). A ' +
					'connection request in SYN-RECV is not a full socket; its timer counts up to tcp_synack_retries and does ' +
					'not check the listener’s option (reqsk_timer_handler).',
				differs:
					`The SYN ended after ${ms.syn.toFixed(0)} ms, the data after ${ms.data.toFixed(0)} ms; SYN-RECV was still ` +
					`there after ${ms.synAck.toFixed(0)} ms.`,
			},
		);
		return (
			`ss shows "on" for each. SYN: ETIMEDOUT after ${(ms.syn / 1_000).toFixed(1)} s. Data: ETIMEDOUT after ` +
			`${(ms.data / 1_000).toFixed(1)} s, because the time counts from the first retransmission. SYN-ACK: still sent ` +
			`again after ${(ms.synAck / 1_000).toFixed(1)} s.`
		);
	},
);

/** Returns when the first lost segment from or to a port was sent. */
function firstLost(timeline: Timeline, port: number): number {
	return timeline.segments(undefined, port).find(({ fate }) => fate === 'dropped')?.t ?? 0;
}
