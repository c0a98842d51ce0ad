/**
 * What ends an idle connection, TCP_USER_TIMEOUT or the number of keepalive probes? Everything is lost on its way to
 * the server. Both options are set: the kernel then ignores TCP_KEEPCNT, but it checks the user timeout only when a
 * probe is due (tcp_keepalive_timer).
 */
import {
	expect,
	type Host,
	isTimerOf,
	keepaliveUserTimeout,
	type Socket,
	scenario,
	type Timeline,
} from '../../harness/index.ts';

/** In seconds. The timer expires after 5, 8, 11 and 14 s. */
const time = 5;
const interval = 3;

scenario(
	'user timeout: looked at only when a probe is due',
	{
		question:
			'Probes are due after 5 s and then every 3 s. TCP_USER_TIMEOUT is 3 s on one connection and 10 s on another. ' +
			'When is a silent peer given up?',
		claims: ['KH-idle3'],
	},
	async ({ client, server, timeline, claim }) => {
		await (await server.socket()).listen(8003);
		await (await server.socket()).listen(8010);
		const short = await keptAlive(client, { to: server.port(8003), userTimeoutMs: 3_000, count: 3 });
		const long = await keptAlive(client, { to: server.port(8010), userTimeoutMs: 10_000, count: 3 });

		await server.drop({ name: 'silence' });
		await timeline.upToDate();
		const [sinceShort, sinceLong] = [timeline.lastReceived('client', 8003), timeline.lastReceived('client', 8010)];
		const reads = { short: short.recv(), long: long.recv() };
		await Promise.all([
			expect(reads.short).toFailWith('ETIMEDOUT', {
				after: keepaliveUserTimeout({ time, interval, userTimeoutMs: 3_000 }),
				since: sinceShort,
			}),
			expect(reads.long).toFailWith('ETIMEDOUT', {
				after: keepaliveUserTimeout({ time, interval, userTimeoutMs: 10_000 }),
				since: sinceLong,
			}),
		]);
		// Each ends with a RST. Before it, one probe was sent with 3 s, and two with 10 s.
		await expect(timeline).toShowSegments('...', '> R. dropped by silence');
		expect(lostFlags(timeline, 8003)).toEqual(['.', 'R.']);
		expect(lostFlags(timeline, 8010)).toEqual(['.', '.', 'R.']);

		const [shortMs, longMs] = [silenceMs(timeline, 8003), silenceMs(timeline, 8010)];
		claim('KH-idle3', isTimerOf(shortMs, 8_000) && isTimerOf(longMs, 11_000), {
			holds:
				'At each expiry, tcp_keepalive_timer checks whether TCP_USER_TIMEOUT has passed since the last segment from ' +
				'the peer, and whether a probe was sent. So the first expiry only sends a probe.',
			differs: `3 s ended after ${seconds(shortMs)}, 10 s after ${seconds(longMs)}.`,
		});
		return (
			`With 3 s after ${seconds(shortMs)}, one interval after the first probe. With 10 s after ${seconds(longMs)}, ` +
			'at the first expiry after the timeout.'
		);
	},
);

scenario(
	'user timeout: the number of probes counts no more',
	{
		question:
			'TCP_USER_TIMEOUT is 10 s. With a TCP_KEEPCNT of 1, keepalive alone would give up after 8 s, with 9 ' +
			'after 32 s. Does it have an effect?',
		claims: ['KH-idle4'],
	},
	async ({ client, server, timeline, claim }) => {
		await (await server.socket()).listen(8001);
		await (await server.socket()).listen(8009);
		const few = await keptAlive(client, { to: server.port(8001), userTimeoutMs: 10_000, count: 1 });
		const many = await keptAlive(client, { to: server.port(8009), userTimeoutMs: 10_000, count: 9 });

		await server.drop({ name: 'silence' });
		await timeline.upToDate();
		const [sinceFew, sinceMany] = [timeline.lastReceived('client', 8001), timeline.lastReceived('client', 8009)];
		const reads = { few: few.recv(), many: many.recv() };
		const after = keepaliveUserTimeout({ time, interval, userTimeoutMs: 10_000 });
		await Promise.all([
			expect(reads.few).toFailWith('ETIMEDOUT', { after, since: sinceFew }),
			expect(reads.many).toFailWith('ETIMEDOUT', { after, since: sinceMany }),
		]);
		await expect(timeline).toShowSegments('...', '> R. dropped by silence');
		expect(lostFlags(timeline, 8001)).toEqual(['.', '.', 'R.']);
		expect(lostFlags(timeline, 8009)).toEqual(['.', '.', 'R.']);

		const [fewMs, manyMs] = [silenceMs(timeline, 8001), silenceMs(timeline, 8009)];
		claim('KH-idle4', isTimerOf(fewMs, 11_000) && isTimerOf(manyMs, 11_000), {
			holds:
				'tcp_keepalive_timer checks TCP_KEEPCNT only if TCP_USER_TIMEOUT is 0. So there was more than one probe in ' +
				'the first case, and fewer than nine in the second.',
			differs: `With TCP_KEEPCNT 1 it ended after ${seconds(fewMs)}, with 9 after ${seconds(manyMs)}.`,
		});
		return `No: with 1 it is given up after ${seconds(fewMs)}, with 9 after ${seconds(manyMs)}.`;
	},
);

/** Connects with keepalive and a user timeout. */
async function keptAlive(
	client: Host,
	{ to, userTimeoutMs, count }: { to: ReturnType<Host['port']>; userTimeoutMs: number; count: number },
): Promise<Socket> {
	const socket = await client.socket();
	await socket.setOption('SO_KEEPALIVE', 1);
	await socket.setOption('TCP_KEEPIDLE', time);
	await socket.setOption('TCP_KEEPINTVL', interval);
	await socket.setOption('TCP_KEEPCNT', count);
	await socket.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
	await socket.connect(to);
	return socket;
}

/** Returns the flags of the lost segments to a port. */
function lostFlags(timeline: Timeline, port: number): string[] {
	return timeline.segments('client', port).flatMap(({ flags, fate }) => (fate === 'dropped' ? [flags] : []));
}

/** Returns how long nothing had arrived from a port when the last segment to it, the RST, was sent. */
function silenceMs(timeline: Timeline, port: number): number {
	return ((timeline.segments('client', port).at(-1)?.t ?? Number.NaN) - timeline.lastReceived('client', port)) * 1_000;
}

function seconds(ms: number): string {
	return `${(ms / 1_000).toFixed(1)} s`;
}
