/** What is being retransmitted when ss shows the timer "on", and can a program limit it? */
import { expect, scenario, spanOf, synSchedule, type Timeline } from '../../harness/index.ts';

/**
 * Between two turns of the timer: a SYN is sent again after 7 and 11 s, or after 7 and 15 s without linear timeouts,
 * data after 6.2 and 12.6 s.
 */
const userTimeoutMs = 8_000;

scenario(
	'ss: the timer on',
	{
		question:
			`A SYN-ACK, data and a SYN are lost, each of a socket with TCP_USER_TIMEOUT ${userTimeoutMs / 1_000} s. What ` +
			'does ss show, and when does each end?',
		claims: ['QI1'],
		// Without tail-loss probes, each retransmission is a turn of the timer. With 7, SYN-RECV lasts 247 s: until all
		// else has ended, however busy the machine is.
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
		// Who called is gone, without a word: from here on only the SYN-ACK is sent again.
		await caller.process.exit();

		step('data is lost');
		await (await server.socket()).listen(8002);
		const talking = await client.socket();
		await talking.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
		await talking.connect(server.port(8002));
		await server.drop({ name: 'lost-data', destinationPort: 8002 });
		// What passes is looked for from before it can begin: a busy machine may be slow to look.
		const reading = talking.recv();
		const dataSeen = expect(client).toHaveSocket({ state: 'ESTAB', remotePort: 8002, sendQueue: 5, timer: 'on' });
		await talking.send('hello');
		await dataSeen;

		step('a SYN is lost');
		await server.drop({ name: 'lost-syn', destinationPort: 8003 });
		const calling = await client.socket();
		await calling.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
		const synSeen = expect(client).toHaveSocket({ state: 'SYN-SENT', remotePort: 8003, timer: 'on' });
		const connecting = calling.connect(server.port(8003));
		await synSeen;

		await timeline.upToDate();
		await expect(reading).toFailWith('ETIMEDOUT', { after: spanOf(userTimeoutMs), since: firstLost(timeline, 8002) });
		await expect(connecting).toFailWith('ETIMEDOUT', {
			after: spanOf(userTimeoutMs),
			since: firstLost(timeline, 8003),
		});
		const still = await expect(server).toHaveSocket({ state: 'SYN-RECV', localPort: 8001, timer: 'on' });

		const ms = {
			synAck: (still.t - firstLost(timeline, 8001)) * 1_000,
			data: (reading.endedAt - firstLost(timeline, 8002)) * 1_000,
			syn: (connecting.endedAt - firstLost(timeline, 8003)) * 1_000,
		};
		const { retransmissionsMs } = synSchedule({ retries: 6, linear: timeline.sysctl('tcp_syn_linear_timeouts') });
		const nextTurnMs = { data: 12_600, syn: retransmissionsMs.find((turn) => turn > userTimeoutMs) ?? Number.NaN };
		claim(
			'QI1',
			ms.syn < nextTurnMs.syn &&
				ms.data < nextTurnMs.data &&
				ms.synAck > userTimeoutMs &&
				(still.timer?.count ?? 0) > 0,
			{
				holds:
					'For SYN and data the next turn is brought forward to the user timeout (tcp_clamp_rto_to_user_timeout). ' +
					'A SYN-RECV is no full socket; its timer counts up to tcp_synack_retries and never looks at the ' +
					'listener’s option (reqsk_timer_handler).',
				differs:
					`The SYN ended after ${ms.syn.toFixed(0)} ms, the data after ${ms.data.toFixed(0)} ms; SYN-RECV was there ` +
					`after ${ms.synAck.toFixed(0)} ms.`,
			},
		);
		return (
			`Each time "on". SYN: ETIMEDOUT after ${(ms.syn / 1_000).toFixed(1)} s. Data: after ` +
			`${(ms.data / 1_000).toFixed(1)} s, as the time counts from the first retransmission. SYN-ACK: still sent ` +
			`again after ${(ms.synAck / 1_000).toFixed(1)} s.`
		);
	},
);

/** When the first segment from or to a port was lost. */
function firstLost(timeline: Timeline, port: number): number {
	return timeline.segments(undefined, port).find(({ fate }) => fate === 'dropped')?.t ?? 0;
}
