import { describe, expect, test } from '@jest/globals';
import { retransmissionTimeoutMs } from './retransmission.ts';
import { orphanProbeGapsMs, orphanProbeTimeoutMs, windowProbeGapsMs, windowProbeTimeoutMs } from './window-probes.ts';

describe('probes of a closed window', () => {
	test('without an answer end the connection like retransmissions do: after 924.6 s by default', () => {
		expect(windowProbeTimeoutMs({ retries2: 15 })).toBe(retransmissionTimeoutMs({ retries2: 15 }));
		expect(windowProbeGapsMs({ retries2: 3 })).toEqual([200, 400, 800, 1_600]);
	});

	test('that were answered have doubled the wait, up to tcp_retries2 times, but are not counted as unanswered', () => {
		expect(windowProbeGapsMs({ retries2: 3, answered: 2 })).toEqual([800, 1_600, 1_600, 1_600]);
		expect(windowProbeGapsMs({ retries2: 3, rtoMaxMs: 1_000 })).toEqual([200, 400, 800, 1_000]);
	});

	test('of an orphan end when the wait has reached its maximum, answered or not: after 324.6 s by default', () => {
		// Ten probes (204.6 s), then a wait of TCP_RTO_MAX.
		expect(orphanProbeGapsMs()).toHaveLength(11);
		expect(orphanProbeTimeoutMs()).toBe(324_600);
		expect(orphanProbeGapsMs({ rtoMaxMs: 1_000 })).toEqual([200, 400, 800, 1_000]);
		// A wait that equals the maximum is no longer below it: `inet_csk_rto_backoff(…) < rto_max`.
		expect(orphanProbeGapsMs({ rtoMs: 250, rtoMaxMs: 1_000 })).toEqual([250, 500, 1_000]);
	});
});
