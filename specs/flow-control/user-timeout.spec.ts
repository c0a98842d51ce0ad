/** Can a sender limit how long it waits for its peer to have room again? */
import { type ClaimId, expect, scenario, shortened, spanOf, windowProbeGapsMs } from '../../harness/index.ts';

const story = 'kodos, this is a long story. '.repeat(7_000);

/**
 * The claim’s minute; between two probes either way: the waits double from 0.2 s, so they are due at 12.6 and 25.4, and
 * at 51 and 102.2 s.
 */
const userTimeoutMs = shortened({ default: 60_000, to: 20_000 });

const peers: readonly { kodos: string; answers: boolean; claims: readonly ClaimId[] }[] = [
	{ kodos: 'probes without an answer', answers: false, claims: ['KH-zero2'] },
	{ kodos: 'probes with an answer', answers: true, claims: [] },
];

scenario.each(peers)(
	'TCP_USER_TIMEOUT and $kodos',
	({ claims }) => ({
		question:
			`kang has set TCP_USER_TIMEOUT to ${userTimeoutMs / 1_000} s; kodos’ window is closed. When does kang give ` +
			'up: then, or with the next probe?',
		claims,
	}),
	async ({ client, server, timeline, step, claim, measured }, { answers, claims }) => {
		const listener = await server.socket();
		await listener.setOption('SO_RCVBUF', 4_096);
		await listener.listen(8080);
		const kang = await client.socket();
		await kang.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
		await kang.connect(server.port(8080));
		const reading = kang.recv();
		const waits = expect(client).toHaveSocket({ state: 'ESTAB', timer: 'persist' });
		await kang.send(story, 'MSG_DONTWAIT');
		await waits;
		// All observers have told by now: kodos said that it has no room left.
		await expect(timeline).toShowNoSegment('> F. sent');
		const closed =
			timeline.segments('server').find(({ window, flags }) => window === 0 && flags === '.')?.t ?? Number.NaN;
		const rtoMs = (await kang.info()).rto / 1_000;

		step(answers ? 'kodos does not read, but its kernel answers' : 'kodos is no longer to be heard');
		if (!answers) await server.drop({ name: 'silence' });
		// The time counts from the first turn of the probe timer, and an answer does not set it back (tcp_probe_timer,
		// icsk_probes_tstamp; 9d9b1ee0b2d1).
		await expect(reading).toFailWith('ETIMEDOUT', { after: spanOf(rtoMs + userTimeoutMs), since: closed });
		await expect(client).toHaveNoSocket();
		await expect(server).toHaveSocket({ state: 'ESTAB', timer: 'none' });
		await timeline.upToDate();
		expect(timeline.segments('client').some(({ flags }) => /[FR]/.test(flags))).toBe(false);

		const tookMs = (reading.endedAt - closed) * 1_000;
		const nextProbeMs = turnAfter(rtoMs + userTimeoutMs, rtoMs);
		if (claims.includes('KH-zero2')) {
			if (userTimeoutMs === 60_000)
				measured('closed window and TCP_USER_TIMEOUT of 60 s, until ETIMEDOUT', tookMs / 1_000);
			claim('KH-zero2', tookMs >= nextProbeMs, {
				holds:
					'It was given up with the first probe that was due after the timeout, at ' +
					`${(nextProbeMs / 1_000).toFixed(1)} s: the kernel looked only then (tcp_probe_timer).`,
				differs:
					`It was given up after ${(tookMs / 1_000).toFixed(1)} s, while the next probe was due at ` +
					`${(nextProbeMs / 1_000).toFixed(1)} s: since Linux 5.11, and in stable kernels of 2021 (5.10 among ` +
					'them), the probe timer is set no later than the user timeout (tcp_clamp_probe0_to_user_timeout).',
			});
		}
		// Not with the next probe, as before 344db93ae3ee (5.11, and stable kernels of 2021).
		expect(tookMs).toBeLessThan(nextProbeMs);
		return (
			`After ${(tookMs / 1_000).toFixed(1)} s, with ${timeline.probes('client').length} probes sent; the next was ` +
			`due at ${(nextProbeMs / 1_000).toFixed(1)} s.`
		);
	},
);

/** When the probe timer next turns after a time, both from when the window closed. */
function turnAfter(ms: number, rtoMs: number): number {
	let turn = 0;
	for (const gap of windowProbeGapsMs({ retries2: 15, rtoMs })) {
		turn += gap;
		if (turn >= ms) break;
	}
	return turn;
}
