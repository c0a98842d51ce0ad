/** Which wins on an idle connection, TCP_USER_TIMEOUT or the number of keepalive probes? */
import {
	expect,
	type Host,
	isTimerOf,
	keepaliveUserTimeout,
	type Socket,
	scenario,
	type Timeline,
} from '../../harness/index.ts';

/** In seconds: the timer's turns are at 5, 8, 11 and 14 s. */
const time = 5;
const interval = 3;

scenario(
	'user timeout: looked at only when a probe is due',
	{
		question:
			'Probes are due after 5 s, then each 3 s, and TCP_USER_TIMEOUT is 3 s, or 10 s. When is a silent peer given ' +
			'up?',
		claims: ['KH-idle3'],
	},
	async ({ client, server, timeline, claim }) => {
		await (await server.socket()).listen(8003);
		await (await server.socket()).listen(8010);
		const short = await keptAlive(client, { to: server.port(8003), userTimeoutMs: 3_000, count: 3 });
		const long = await keptAlive(client, { to: server.port(8010), userTimeoutMs: 10_000, count: 3 });

		await server.drop({ name: 'silence' });
		await timeline.upToDate();
		const [heardShort, heardLong] = [timeline.lastReceived('client', 8003), timeline.lastReceived('client', 8010)];
		const reads = { short: short.recv(), long: long.recv() };
		await Promise.all([
			expect(reads.short).toFailWith('ETIMEDOUT', {
				after: keepaliveUserTimeout({ time, interval, userTimeoutMs: 3_000 }),
				since: heardShort,
			}),
			expect(reads.long).toFailWith('ETIMEDOUT', {
				after: keepaliveUserTimeout({ time, interval, userTimeoutMs: 10_000 }),
				since: heardLong,
			}),
		]);
		// Each is ended by a RST; before it, one probe, and two.
		await expect(timeline).toShowSegments('...', '> R. dropped by silence');
		expect(lost(timeline, 8003)).toEqual(['.', 'R.']);
		expect(lost(timeline, 8010)).toEqual(['.', '.', 'R.']);

		const [shortMs, longMs] = [silentMs(timeline, 8003), silentMs(timeline, 8010)];
		claim('KH-idle3', isTimerOf(shortMs, 8_000) && isTimerOf(longMs, 11_000), {
			holds:
				'Each turn of tcp_keepalive_timer asks whether TCP_USER_TIMEOUT has passed since the peer was last ' +
				'heard, and whether a probe was sent: the first turn only sends one.',
			differs: `3 s ended after ${seconds(shortMs)}, 10 s after ${seconds(longMs)}.`,
		});
		return (
			`With 3 s after ${seconds(shortMs)}, a turn after the first probe; with 10 s after ${seconds(longMs)}, at ` +
			'the first turn past it.'
		);
	},
);

scenario(
	'user timeout: the number of probes counts no more',
	{
		question: 'TCP_USER_TIMEOUT is 10 s. TCP_KEEPCNT 1 alone would end it after 8 s, 9 after 32 s. Does it matter?',
		claims: ['KH-idle4'],
	},
	async ({ client, server, timeline, claim }) => {
		await (await server.socket()).listen(8001);
		await (await server.socket()).listen(8009);
		const few = await keptAlive(client, { to: server.port(8001), userTimeoutMs: 10_000, count: 1 });
		const many = await keptAlive(client, { to: server.port(8009), userTimeoutMs: 10_000, count: 9 });

		await server.drop({ name: 'silence' });
		await timeline.upToDate();
		const [heardFew, heardMany] = [timeline.lastReceived('client', 8001), timeline.lastReceived('client', 8009)];
		const reads = { few: few.recv(), many: many.recv() };
		const after = keepaliveUserTimeout({ time, interval, userTimeoutMs: 10_000 });
		await Promise.all([
			expect(reads.few).toFailWith('ETIMEDOUT', { after, since: heardFew }),
			expect(reads.many).toFailWith('ETIMEDOUT', { after, since: heardMany }),
		]);
		await expect(timeline).toShowSegments('...', '> R. dropped by silence');
		expect(lost(timeline, 8001)).toEqual(['.', '.', 'R.']);
		expect(lost(timeline, 8009)).toEqual(['.', '.', 'R.']);

		const [fewMs, manyMs] = [silentMs(timeline, 8001), silentMs(timeline, 8009)];
		claim('KH-idle4', isTimerOf(fewMs, 11_000) && isTimerOf(manyMs, 11_000), {
			holds:
				'tcp_keepalive_timer looks at TCP_KEEPCNT only where TCP_USER_TIMEOUT is 0: more than one probe in the ' +
				'first case, fewer than nine in the second.',
			differs: `With TCP_KEEPCNT 1 it ended after ${seconds(fewMs)}, with 9 after ${seconds(manyMs)}.`,
		});
		return `No: with 1 it is given up after ${seconds(fewMs)}, with 9 after ${seconds(manyMs)}.`;
	},
);

/** A connection with keepalive and a user timeout. */
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

/** The flags of what was sent to a port in vain. */
function lost(timeline: Timeline, port: number): string[] {
	return timeline.segments('client', port).flatMap(({ flags, fate }) => (fate === 'dropped' ? [flags] : []));
}

/** How long the client had not heard of a port when its last segment, the RST, went there. */
function silentMs(timeline: Timeline, port: number): number {
	return ((timeline.segments('client', port).at(-1)?.t ?? Number.NaN) - timeline.lastReceived('client', port)) * 1_000;
}

function seconds(ms: number): string {
	return `${(ms / 1_000).toFixed(1)} s`;
}
