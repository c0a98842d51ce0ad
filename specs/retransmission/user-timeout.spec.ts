/** Who decides how long unacknowledged data is retransmitted, tcp_retries2 or TCP_USER_TIMEOUT? */
import {
	expect,
	type Host,
	isTimerOf,
	RTO_MAX_MS,
	retransmissionTimeout,
	retransmissionTimeoutMs,
	type Socket,
	type SocketCall,
	scenario,
	shortened,
	spanOf,
	type Timeline,
} from '../../harness/index.ts';

/** Without a user timeout: given up at the first turn of the timer after 924.6 s, the default, or 3 s. */
const retries2 = shortened({ default: 15, to: 3 });
const short = 2_000;
/** More than that, and between two turns of the timer. */
const long = shortened({ default: 1_000_000, to: 9_000 });

scenario(
	'user timeout: between two turns of the timer',
	{
		question:
			`Three connections fall silent with data in flight. TCP_USER_TIMEOUT is ${seconds(short)} on one, ` +
			`${seconds(long)} on one, and not set on the third. When does each end?`,
		claims: ['KH-dead2'],
		// Without tail-loss probes, each retransmission is a turn of the timer.
		sysctls: { tcp_retries2: retries2, tcp_early_retrans: 0 },
	},
	async ({ client, server, timeline, step, claim }) => {
		await (await server.socket()).listen(8002);
		await (await server.socket()).listen(8009);
		await (await server.socket()).listen(8000);
		const hasty = await connected(client, server.port(8002), short);
		const patient = await connected(client, server.port(8009), long);
		const plain = await connected(client, server.port(8000), 0);

		// Asked for before the time runs, and so none too late.
		const reads = { hasty: hasty.recv(), patient: patient.recv(), plain: plain.recv() };
		await server.drop({ name: 'silence' });
		step('all write');
		await hasty.send('hasty');
		await patient.send('patient');
		await plain.send('plain');
		await expect(timeline).toShowSegment('> P. 5 dropped by silence');
		await timeline.upToDate();
		await Promise.all([
			expect(reads.hasty).toFailWith('ETIMEDOUT', { after: spanOf(short), since: firstSent(timeline, 8002) }),
			expect(reads.patient).toFailWith('ETIMEDOUT', { after: spanOf(long), since: firstSent(timeline, 8009) }),
			expect(reads.plain).toFailWith('ETIMEDOUT', {
				after: retransmissionTimeout({ retries2 }),
				since: firstSent(timeline, 8000),
			}),
		]);
		await expect(client).toHaveNoSocket();
		await expect(timeline).toShowNoSegment('> R. dropped by silence');
		await expect(timeline).toShowNoSegment('> F. dropped by silence');

		/**
		 * How long after its first transmission, and its first retransmission, a connection ended; and when the next turn
		 * would have been.
		 */
		const told = (port: number, reading: SocketCall<unknown>) => {
			const endedAt = gaveUpAt(timeline, port) ?? reading.endedAt;
			const [sent = 0, again = 0, ...more] = timeline
				.segments('client', port)
				.flatMap(({ t, fate }) => (fate === 'dropped' ? [t] : []));
			const [last = 0, before = 0] = [...more].reverse();
			return {
				sinceSentMs: (endedAt - sent) * 1_000,
				sinceFirstTurnMs: (endedAt - again) * 1_000,
				nextTurnMs: (last - again) * 1_000 + Math.min(2 * (last - before) * 1_000, RTO_MAX_MS),
			};
		};
		const [first, second, third] = [told(8002, reads.hasty), told(8009, reads.patient), told(8000, reads.plain)];
		const exact = isTimerOf(first.sinceFirstTurnMs, short) && isTimerOf(second.sinceFirstTurnMs, long);
		const betweenTurns =
			first.sinceFirstTurnMs < first.nextTurnMs - 200 && second.sinceFirstTurnMs < second.nextTurnMs - 200;
		const regular = third.sinceFirstTurnMs >= retransmissionTimeoutMs({ retries2 }) - 10;
		const ignored = first.sinceSentMs < retransmissionTimeoutMs({ retries2 }) && second.sinceSentMs > third.sinceSentMs;
		claim('KH-dead2', exact && betweenTurns && regular && ignored, {
			holds:
				'The last turn of the timer is brought forward to that time (tcp_clamp_rto_to_user_timeout), and ' +
				'retransmits_timed_out takes it in place of tcp_retries2, be it shorter or longer. It counts from the ' +
				`first retransmission (retrans_stamp): ${seconds(first.sinceSentMs - short)} after the first transmission.`,
			differs:
				`${seconds(short)} ended ${seconds(first.sinceFirstTurnMs)} after the first retransmission, ` +
				`${seconds(long)} after ${seconds(second.sinceFirstTurnMs)}, none after ${seconds(third.sinceFirstTurnMs)}.`,
		});
		return (
			`With ${seconds(short)} after ${seconds(first.sinceSentMs)}, with ${seconds(long)} after ` +
			`${seconds(second.sinceSentMs)}, without after ${seconds(third.sinceSentMs)}. The first two are the user ` +
			`timeout and the ${seconds(first.sinceSentMs - short)} to the first retransmission.`
		);
	},
);

async function connected(client: Host, to: ReturnType<Host['port']>, userTimeoutMs: number): Promise<Socket> {
	const socket = await client.socket();
	await socket.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
	await socket.connect(to);
	return socket;
}

/** When the first segment that was lost was sent to a port. */
function firstSent(timeline: Timeline, port: number): number {
	return timeline.segments('client', port).find(({ fate }) => fate === 'dropped')?.t ?? 0;
}

/** When the kernel gave the connection to a port up, where it tells: who reads wakes up later. */
function gaveUpAt(timeline: Timeline, port: number): number | undefined {
	return timeline.errors('client').find(({ source, remote }) => source === 'kernel' && remote?.port === port)?.t;
}

function seconds(ms: number): string {
	return `${(ms / 1_000).toFixed(1)} s`;
}
