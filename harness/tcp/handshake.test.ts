import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RTO_MAX_MS } from './constants.ts';
import { deferAcceptSeconds, synAckSchedule, synSchedule } from './handshake.ts';

describe('SYNs without an answer', () => {
	test('with tcp_syn_linear_timeouts = 4, the default since 6.5: gaps of 1, 1, 1, 1, 1, 2, 4, … s, in total 131 s', () => {
		// Documentation/networking/ip-sysctl.rst, tcp_syn_linear_timeouts: "we would expect SYN RTOs to be: 1, 1, 1, 1, 1,
		// 2, 4, …".
		const { retransmissionsMs, giveUpMs } = synSchedule({ retries: 6, linear: 4 });
		expect(retransmissionsMs).toEqual([1_000, 2_000, 3_000, 4_000, 5_000, 7_000, 11_000, 19_000, 35_000, 67_000]);
		expect(giveUpMs).toBe(131_000);
	});

	test('before 6.5, or with tcp_syn_linear_timeouts = 0: six doublings, 127 s', () => {
		// tcp(7), tcp_syn_retries: "retrying for up to approximately 127 seconds".
		const { retransmissionsMs, giveUpMs } = synSchedule({ retries: 6 });
		expect(retransmissionsMs).toEqual([1_000, 3_000, 7_000, 15_000, 31_000, 63_000]);
		expect(giveUpMs).toBe(127_000);
		expect(synSchedule({ retries: 6, linear: 0 })).toEqual({ retransmissionsMs, giveUpMs });
	});

	test('with few retries end after the time of the doublings, even if linear timeouts are left', () => {
		expect(synSchedule({ retries: 1, linear: 4 })).toEqual({ retransmissionsMs: [1_000, 2_000], giveUpMs: 3_000 });
		expect(synSchedule({ retries: 2, linear: 4 }).giveUpMs).toBe(7_000);
		// Here the number of retransmissions, 3 + 4, ends the attempt.
		expect(synSchedule({ retries: 3, linear: 4 })).toMatchObject({
			giveUpMs: 19_000,
			retransmissionsMs: { length: 7 },
		});
	});

	test('end with TCP_USER_TIMEOUT, but not before a jiffy after the first retransmission', () => {
		expect(synSchedule({ retries: 6, linear: 4, userTimeoutMs: 9_000 })).toEqual({
			retransmissionsMs: [1_000, 2_000, 3_000, 4_000, 5_000, 7_000],
			giveUpMs: 9_000,
		});
		expect(synSchedule({ retries: 6, userTimeoutMs: 9_000 })).toEqual({
			retransmissionsMs: [1_000, 3_000, 7_000],
			giveUpMs: 9_000,
		});
		expect(synSchedule({ retries: 6, linear: 4, userTimeoutMs: 300 })).toEqual({
			retransmissionsMs: [1_000],
			giveUpMs: 1_001,
		});
		// It replaces the time of the doublings, but not the number of retransmissions.
		expect(synSchedule({ retries: 1, userTimeoutMs: 60_000 })).toEqual({ retransmissionsMs: [1_000], giveUpMs: 3_000 });
	});

	test('never end before the last retransmission, and their gaps never become shorter', () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 127 }), fc.integer({ min: 0, max: 127 }), (retries, linear) => {
				const { retransmissionsMs, giveUpMs } = synSchedule({ retries, linear });
				const gaps = [...retransmissionsMs, giveUpMs].map((ms, index, all) => ms - (all[index - 1] ?? 0));
				expect(retransmissionsMs.length).toBeLessThanOrEqual(retries + linear);
				expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
				expect(Math.max(...gaps)).toBeLessThanOrEqual(RTO_MAX_MS);
			}),
		);
	});
});

describe('SYN-ACKs without an answer', () => {
	test('five doublings by default, 63 s', () => {
		// Documentation/networking/ip-sysctl.rst, tcp_synack_retries: 31 s till the last retransmission, 63 s till the
		// final timeout.
		expect(synAckSchedule({ retries: 5 })).toEqual({
			retransmissionsMs: [1_000, 3_000, 7_000, 15_000, 31_000],
			giveUpMs: 63_000,
		});
		expect(synAckSchedule({ retries: 0 })).toEqual({ retransmissionsMs: [], giveUpMs: 1_000 });
		// No gap is longer than TCP_RTO_MAX: 127 s, and then 120 s more.
		expect(synAckSchedule({ retries: 7 }).giveUpMs).toBe(247_000);
	});

	test('are deferred for whole gaps of their timer', () => {
		expect([0, 1, 2, 3, 4, 7, 10, 15, 16].map(deferAcceptSeconds)).toEqual([0, 1, 3, 3, 7, 7, 15, 15, 31]);
		// Doublings end at TCP_RTO_MAX: 127 s, and then 120 s more each.
		expect(deferAcceptSeconds(128)).toBe(247);
	});
});
