import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RTO_MAX_MS, RTO_MIN_MS } from './constants.ts';
import {
	retransmissionExpiries,
	retransmissionGapsMs,
	retransmissionTimeout,
	retransmissionTimeoutMs,
} from './retransmission.ts';

/**
 * `tcp_model_timeout` (net/ipv4/tcp_timer.c): in closed form, with the number of doublings that stay below the maximum.
 */
function modelTimeout(boundary: number, rtoMaxMs: number): number {
	const doublings = Math.floor(Math.log2(Math.floor(rtoMaxMs / RTO_MIN_MS)));
	if (boundary <= doublings) return (2 ** (boundary + 1) - 1) * RTO_MIN_MS;
	return (2 ** (doublings + 1) - 1) * RTO_MIN_MS + (boundary - doublings) * rtoMaxMs;
}

describe('giving up a connection whose data is not acknowledged', () => {
	test.each([
		// Documentation/networking/ip-sysctl.rst, tcp_retries2: "The default value of 15 yields a hypothetical timeout of
		// 924.6 seconds".
		[15, 924_600],
		// The same: "RFC 1122 recommends at least 100 seconds …, which corresponds to a value of at least 8": 511 × 200 ms;
		// with 7 it is 51 s.
		[8, 102_200],
		[7, 51_000],
		// 200 + 400 + 800 + 1600 + 3200 + 6400 ms.
		[5, 12_600],
		// Without a retransmission one RTO is waited for.
		[0, 200],
	])('tcp_retries2 = %i: %i ms', (retries2, ms) => {
		expect(retransmissionTimeoutMs({ retries2 })).toBe(ms);
	});

	test('tcp_rto_max_ms = 1000 makes 15 retries 200 + 400 + 800 ms and 13 times 1 s', () => {
		expect(retransmissionTimeoutMs({ retries2: 15, rtoMaxMs: 1_000 })).toBe(14_400);
	});

	test('equals the kernel’s closed form if its ilog2 counts the doublings', () => {
		// tcp_rto_max_ms is 1000 to 120000 (net/ipv4/sysctl_net_ipv4.c), tcp_retries2 a byte.
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 255 }),
				fc.integer({ min: 1_000, max: RTO_MAX_MS }),
				(retries2, rtoMaxMs) => {
					expect(retransmissionTimeoutMs({ retries2, rtoMaxMs })).toBe(modelTimeout(retries2, rtoMaxMs));
				},
			),
		);
	});

	test('is expected no earlier than the formula, and no later than twice that and 5 s', () => {
		expect(retransmissionTimeout({ retries2: 5 })).toEqual({ atLeastMs: 12_600, atMostMs: 30_200 });
	});
});

describe('the expiries of the retransmission timer', () => {
	test('double their gaps, up to the maximum timeout', () => {
		expect(retransmissionGapsMs({ expiries: 6 })).toEqual([200, 400, 800, 1_600, 3_200, 6_400]);
		expect(retransmissionGapsMs({ expiries: 4, rtoMs: 204, rtoMaxMs: 1_000 })).toEqual([204, 408, 816, 1_000]);
	});

	test.each([
		// The timeout is TCP_RTO_MIN and the round-trip time, rounded up to jiffies: 204 ms if HZ is 250.
		[15, 204, 16],
		[5, 204, 6],
		// 408 + 816 + 1632 ms are less than the 3 s that three retries stand for: one more expiry.
		[3, 204, 5],
		[2, 204, 4],
		// With a longer round-trip time, fewer expiries suffice.
		[5, 1_000, 4],
		// At the first expiry nothing was retransmitted yet, so the connection is not given up.
		[0, 1_000, 2],
	])('tcp_retries2 = %i with a timeout of %i ms ends at turn %i', (retries2, rtoMs, turn) => {
		expect(retransmissionExpiries({ retries2, rtoMs })).toBe(turn);
	});

	test('the last one is the first after the time of tcp_retries2, counted from the first expiry', () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: RTO_MIN_MS, max: 60_000 }), (retries2, rtoMs) => {
				const turn = retransmissionExpiries({ retries2, rtoMs });
				const later = (expiries: number) => retransmissionGapsMs({ expiries, rtoMs }).slice(1);
				const elapsed = (expiries: number) => later(expiries).reduce((sum, gap) => sum + gap, 0);
				expect(elapsed(turn)).toBeGreaterThanOrEqual(retransmissionTimeoutMs({ retries2 }));
				expect(elapsed(turn - 1)).toBeLessThan(retransmissionTimeoutMs({ retries2 }));
			}),
		);
	});
});
