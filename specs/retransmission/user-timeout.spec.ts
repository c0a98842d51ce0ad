/**
 * What decides how long unacknowledged data is retransmitted, tcp_retries2 or TCP_USER_TIMEOUT? Everything is lost on
 * its way to the server. Three connections differ only in TCP_USER_TIMEOUT: shorter than the time of tcp_retries2,
 * longer, and not set.
 */
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

/**
 * Without a user timeout, the kernel gives up at the first expiry of the timer after 924.6 s (the default), or
 * after 3 s.
 */
const retries2 = shortened({ default: 15, to: 3 });
const short = 2_000;
/** Longer than the time of tcp_retries2, and between two expiries of the timer. */
const long = shortened({ default: 1_000_000, to: 9_000 });

scenario(
	'user timeout: between two turns of the timer',
	{
		question:
			`Three connections fall silent with data in flight. TCP_USER_TIMEOUT is ${seconds(short)} on one, ` +
			`${seconds(long)} on another, and not set on the third. When does each end?`,
		claims: ['KH-dead2'],
		// Without tail-loss probes, each retransmission is an expiry of the timer.
		sysctls: { tcp_retries2: retries2, tcp_early_retrans: 0 },
	},
	async ({ client, server, timeline, step, claim }) => {
		await (await server.socket()).listen(8002);
		await (await server.socket()).listen(8009);
		await (await server.socket()).listen(8000);
		const withShort = await connected(client, server.port(8002), short);
		const withLong = await connected(client, server.port(8009), long);
		const without = await connected(client, server.port(8000), 0);

		// The reads start before the data is sent, so that none starts too late.
		const reads = { withShort: withShort.recv(), withLong: withLong.recv(), without: without.recv() };
		await server.drop({ name: 'silence' });
		step('all three write');
		await withShort.send('hasty');
		await withLong.send('patient');
		await without.send('plain');
		await expect(timeline).toShowSegment('> P. 5 dropped by silence');
		await timeline.upToDate();
		await Promise.all([
			expect(reads.withShort).toFailWith('ETIMEDOUT', { after: spanOf(short), since: firstSent(timeline, 8002) }),
			expect(reads.withLong).toFailWith('ETIMEDOUT', { after: spanOf(long), since: firstSent(timeline, 8009) }),
			expect(reads.without).toFailWith('ETIMEDOUT', {
				after: retransmissionTimeout({ retries2 }),
				since: firstSent(timeline, 8000),
			}),
		]);
		await expect(client).toHaveNoSocket();
		await expect(timeline).toShowNoSegment('> R. dropped by silence');
		await expect(timeline).toShowNoSegment('> F. dropped by silence');

		/**
		 * Returns how long after its first transmission, and after its first retransmission, a connection ended, and when
		 * its timer would have expired next.
		 */
		const measure = (port: number, reading: SocketCall<unknown>) => {
			const endedAt = gaveUpAt(timeline, port) ?? reading.endedAt;
			const [sent = 0, again = 0, ...more] = timeline
				.segments('client', port)
				.flatMap(({ t, fate }) => (fate === 'dropped' ? [t] : []));
			const [last = 0, before = 0] = [...more].reverse();
			return {
				sinceSentMs: (endedAt - sent) * 1_000,
				sinceFirstExpiryMs: (endedAt - again) * 1_000,
				nextExpiryMs: (last - again) * 1_000 + Math.min(2 * (last - before) * 1_000, RTO_MAX_MS),
			};
		};
		const [first, second, third] = [
			measure(8002, reads.withShort),
			measure(8009, reads.withLong),
			measure(8000, reads.without),
		];
		const onTime = isTimerOf(first.sinceFirstExpiryMs, short) && isTimerOf(second.sinceFirstExpiryMs, long);
		const betweenExpiries =
			first.sinceFirstExpiryMs < first.nextExpiryMs - 200 && second.sinceFirstExpiryMs < second.nextExpiryMs - 200;
		// 10 ms are one jiffy with HZ = 100.
		const defaultKept = third.sinceFirstExpiryMs >= retransmissionTimeoutMs({ retries2 }) - 10;
		const retriesIgnored =
			first.sinceSentMs < retransmissionTimeoutMs({ retries2 }) && second.sinceSentMs > third.sinceSentMs;
		claim('KH-dead2', onTime && betweenExpiries && defaultKept && retriesIgnored, {
			holds:
				'The timer expires no later than the user timeout (tcp_clamp_rto_to_user_timeout), and retransmits_timed_out ' +
				'uses it instead of tcp_retries2, whether it is shorter or longer. It counts from the first retransmission ' +
				`(retrans_stamp), which came ${seconds(first.sinceSentMs - short)} after the first transmission.`,
			differs:
				`${seconds(short)} ended ${seconds(first.sinceFirstExpiryMs)} after the first retransmission, ` +
				`${seconds(long)} after ${seconds(second.sinceFirstExpiryMs)}, no timeout after ` +
				`${seconds(third.sinceFirstExpiryMs)}.`,
		});
		return (
			`With ${seconds(short)} after ${seconds(first.sinceSentMs)}, with ${seconds(long)} after ` +
			`${seconds(second.sinceSentMs)}, without a timeout after ${seconds(third.sinceSentMs)}. The first two are the ` +
			`user timeout plus the ${seconds(first.sinceSentMs - short)} until the first retransmission.`
		);
	},
);

async function connected(client: Host, to: ReturnType<Host['port']>, userTimeoutMs: number): Promise<Socket> {
	const socket = await client.socket();
	await socket.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
	await socket.connect(to);
	return socket;
}

/** Returns when the first lost segment to a port was sent. */
function firstSent(timeline: Timeline, port: number): number {
	return timeline.segments('client', port).find(({ fate }) => fate === 'dropped')?.t ?? 0;
}

/**
 * Returns when the kernel gave up the connection to a port, if it reports that. The program that reads wakes up later.
 */
function gaveUpAt(timeline: Timeline, port: number): number | undefined {
	return timeline.errors('client').find(({ source, remote }) => source === 'kernel' && remote?.port === port)?.t;
}

function seconds(ms: number): string {
	return `${(ms / 1_000).toFixed(1)} s`;
}
