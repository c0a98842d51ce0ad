/**
 * Can a sender limit how long it waits for its peer to have room again? The server does not read, so its window is
 * closed, and the client probes it. TCP_USER_TIMEOUT should end that, whether the probes are answered or not. The
 * question is when: at the timeout, or only when the next probe is due.
 */
import { type ClaimId, expect, scenario, shortened, spanOf, windowProbeGapsMs } from '../../harness/index.ts';

const text = 'hello, this is a long story. '.repeat(7_000);

/**
 * 60 s as in the claim, 20 s in real time. Both are between two probes: the gaps double from 0.2 s, so probes are due
 * after 51 s and 102.2 s, and after 12.6 s and 25.4 s.
 */
const userTimeoutMs = shortened({ default: 60_000, to: 20_000 });

const peers: readonly { probes: string; answers: boolean; claims: readonly ClaimId[] }[] = [
	{ probes: 'probes without an answer', answers: false, claims: ['KH-zero2'] },
	{ probes: 'probes with an answer', answers: true, claims: [] },
];

scenario.each(peers)(
	'TCP_USER_TIMEOUT and $probes',
	({ claims }) => ({
		question:
			`The client has set TCP_USER_TIMEOUT to ${userTimeoutMs / 1_000} s, and the server’s window is closed. Does ` +
			'the client give up at that time, or when the next probe is due?',
		claims,
	}),
	async ({ client, server, timeline, step, claim, measured }, { answers, claims }) => {
		const listener = await server.socket();
		await listener.setOption('SO_RCVBUF', 4_096);
		await listener.listen(8080);
		const writer = await client.socket();
		await writer.setOption('TCP_USER_TIMEOUT', userTimeoutMs);
		await writer.connect(server.port(8080));
		const reading = writer.recv();
		const probing = expect(client).toHaveSocket({ state: 'ESTAB', timer: 'persist' });
		await writer.send(text, 'MSG_DONTWAIT');
		await probing;
		// This also waits until all observers have reported the segment in which the server closed its window.
		await expect(timeline).toShowNoSegment('> F. sent');
		const closed =
			timeline.segments('server').find(({ window, flags }) => window === 0 && flags === '.')?.t ?? Number.NaN;
		const rtoMs = (await writer.info()).rto / 1_000;

		step(answers ? 'the server does not read, but its kernel answers' : 'nothing reaches the server any more');
		if (!answers) await server.drop({ name: 'silence' });
		// The time counts from the first expiry of the probe timer; answers do not restart it (tcp_probe_timer,
		// icsk_probes_tstamp; 9d9b1ee0b2d1).
		await expect(reading).toFailWith('ETIMEDOUT', { after: spanOf(rtoMs + userTimeoutMs), since: closed });
		await expect(client).toHaveNoSocket();
		await expect(server).toHaveSocket({ state: 'ESTAB', timer: 'none' });
		await timeline.upToDate();
		// The connection ends without a FIN or RST, so the server learns nothing.
		expect(timeline.segments('client').some(({ flags }) => /[FR]/.test(flags))).toBe(false);

		const tookMs = (reading.endedAt - closed) * 1_000;
		const nextProbeMs = expiryAfter(rtoMs + userTimeoutMs, rtoMs);
		if (claims.includes('KH-zero2')) {
			if (userTimeoutMs === 60_000)
				measured('closed window and TCP_USER_TIMEOUT of 60 s, until ETIMEDOUT', tookMs / 1_000);
			claim('KH-zero2', tookMs >= nextProbeMs, {
				holds:
					`The client gave up when the first probe after the timeout was due, at ${(nextProbeMs / 1_000).toFixed(1)} ` +
					's: the kernel checked only then (tcp_probe_timer).',
				differs:
					`The client gave up after ${(tookMs / 1_000).toFixed(1)} s, while the next probe was due at ` +
					`${(nextProbeMs / 1_000).toFixed(1)} s. Since Linux 5.11, and in stable kernels of 2021 (5.10 among them), ` +
					'the probe timer expires no later than the user timeout (tcp_clamp_probe0_to_user_timeout).',
			});
		}
		// Before 344db93ae3ee (5.11, and stable kernels of 2021) it was at the next probe.
		expect(tookMs).toBeLessThan(nextProbeMs);
		return (
			`After ${(tookMs / 1_000).toFixed(1)} s, with ${timeline.probes('client').length} probes sent. The next one ` +
			`was due at ${(nextProbeMs / 1_000).toFixed(1)} s.`
		);
	},
);

/** Returns when the probe timer expires next after `ms`. Both count from when the window closed. */
function expiryAfter(ms: number, rtoMs: number): number {
	let expiryMs = 0;
	for (const gap of windowProbeGapsMs({ retries2: 15, rtoMs })) {
		expiryMs += gap;
		if (expiryMs >= ms) break;
	}
	return expiryMs;
}
