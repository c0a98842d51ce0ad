import { constants } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
	canReach,
	deferAcceptSeconds,
	deviations,
	ERRNOS,
	errnoName,
	FLAG_BITS,
	finWait2Timeout,
	gapsBetween,
	isTimerOf,
	keepaliveTimeout,
	keepaliveUserTimeout,
	orphanProbeGapsMs,
	orphanProbeTimeoutMs,
	RTO_MAX_MS,
	RTO_MIN_MS,
	retransmissionGapsMs,
	retransmissionTimeout,
	retransmissionTimeoutMs,
	retransmissionTurns,
	STATES,
	spanOf,
	synAckSchedule,
	synSchedule,
	timeWait,
	windowProbeGapsMs,
	windowProbeTimeoutMs,
} from './tcp.ts';

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

	test('is the kernel’s closed form wherever its ilog2 counts the doublings', () => {
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

	test('is never expected earlier than the formula says, and later by no more than twice and 5 s', () => {
		expect(retransmissionTimeout({ retries2: 5 })).toEqual({ atLeastMs: 12_600, atMostMs: 30_200 });
	});
});

describe('the turns of the retransmission timer', () => {
	test('double, up to the greatest timeout', () => {
		expect(retransmissionGapsMs({ turns: 6 })).toEqual([200, 400, 800, 1_600, 3_200, 6_400]);
		expect(retransmissionGapsMs({ turns: 4, rtoMs: 204, rtoMaxMs: 1_000 })).toEqual([204, 408, 816, 1_000]);
	});

	test.each([
		// The timeout is TCP_RTO_MIN and the round-trip time, in jiffies: 204 ms where there are 250 of them in a second.
		[15, 204, 16],
		[5, 204, 6],
		// 408 + 816 + 1632 ms are less than the 3 s that three retries stand for: one turn more.
		[3, 204, 5],
		[2, 204, 4],
		// A peer that is far away is given up after fewer turns.
		[5, 1_000, 4],
		// Where the timer first runs out, nothing was retransmitted yet, so nothing is given up.
		[0, 1_000, 2],
	])('tcp_retries2 = %i with a timeout of %i ms ends at turn %i', (retries2, rtoMs, turn) => {
		expect(retransmissionTurns({ retries2, rtoMs })).toBe(turn);
	});

	test('the last is the first after the time that tcp_retries2 stands for, counted from the first', () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: RTO_MIN_MS, max: 60_000 }), (retries2, rtoMs) => {
				const turn = retransmissionTurns({ retries2, rtoMs });
				const later = (turns: number) => retransmissionGapsMs({ turns, rtoMs }).slice(1);
				const elapsed = (turns: number) => later(turns).reduce((sum, gap) => sum + gap, 0);
				expect(elapsed(turn)).toBeGreaterThanOrEqual(retransmissionTimeoutMs({ retries2 }));
				expect(elapsed(turn - 1)).toBeLessThan(retransmissionTimeoutMs({ retries2 }));
			}),
		);
	});
});

test('a timer is late by an eighth and what a busy machine adds, and never early', () => {
	expect([7_980, 7_990, 8_000, 9_500, 9_501].map((ms) => isTimerOf(ms, 8_000))).toEqual([
		false,
		true,
		true,
		true,
		false,
	]);
	expect(isTimerOf(Number.NaN, 8_000)).toBe(false);
});

test.each([
	// With probes at 5, 8, 11 and 14 s.
	[3_000, 8_000],
	[8_000, 8_000],
	[8_001, 11_000],
	[10_000, 11_000],
	[30_000, 32_000],
])('keepalive with TCP_USER_TIMEOUT %i ms gives up at a probe, %i ms', (userTimeoutMs, ms) => {
	expect(keepaliveUserTimeout({ time: 5, interval: 3, userTimeoutMs }).atLeastMs).toBe(ms);
});

test('keepalive gives up after 2 h 11 min 15 s by default', () => {
	// tcp(7): 7200 s, then 9 probes of 75 s each: "an idle connection … is terminated after approximately an additional
	// 11 minutes".
	expect(keepaliveTimeout({ time: 7_200, interval: 75, probes: 9 }).atLeastMs).toBe(7_875_000);
});

test('TIME-WAIT lasts a minute, an orphaned FIN-WAIT-2 what tcp_fin_timeout says', () => {
	expect(timeWait().atLeastMs).toBe(60_000);
	expect(finWait2Timeout({ finTimeout: 5 }).atLeastMs).toBe(5_000);
	expect(finWait2Timeout({ finTimeout: 60 }).atLeastMs).toBe(60_000);
	// What is above a minute is waited for twice, and the minute is not.
	expect(finWait2Timeout({ finTimeout: 61 }).atLeastMs).toBe(2_000);
	expect(finWait2Timeout({ finTimeout: 120 }).atLeastMs).toBe(120_000);
});

test('a span has room above the time of the formula, however short', () => {
	fc.assert(
		fc.property(fc.integer({ min: 0, max: 10_000_000 }), (ms) => {
			const { atLeastMs, atMostMs } = spanOf(ms);
			expect(atLeastMs).toBe(ms);
			// A timer may be an eighth late by the wheel alone (kernel/time/timer.c).
			expect(atMostMs).toBeGreaterThanOrEqual(ms * 1.125 + 5_000);
		}),
	);
});

describe('errnos', () => {
	const numbers: Readonly<Record<string, number>> = constants.errno;

	// Elsewhere the numbers are others; these are of the hosts, which are Linux.
	(process.platform === 'linux' ? test : test.skip)('have the numbers that Linux gives them', () => {
		const known = Object.entries(ERRNOS).filter(([name]) => name in numbers);
		expect(known.map(([name]) => [name, numbers[name]])).toEqual(known);
	});

	test('are all that Linux has: 41 and 58 are numbers of aliases only (asm-generic/errno.h)', () => {
		const expected = Array.from({ length: 133 }, (_, index) => index + 1).filter(
			(number) => number !== 41 && number !== 58,
		);
		expect(Object.values(ERRNOS)).toEqual(expected);
		// Node names an errno by several names where it has several.
		const aliases = ['EDEADLOCK', 'ENOTSUP', 'EWOULDBLOCK'];
		expect(Object.keys(constants.errno).filter((name) => !(name in ERRNOS) && !aliases.includes(name))).toEqual([]);
	});

	test('are named by their number', () => {
		for (const [name, number] of Object.entries(ERRNOS)) expect(errnoName(number)).toBe(name);
	});

	test('that have no name keep their number: 512 and above are the kernel’s own (include/linux/errno.h)', () => {
		expect([errnoName(524), errnoName(9_999), errnoName(0)]).toEqual(['errno 524', 'errno 9999', 'errno 0']);
	});
});

test('there are the eleven states of RFC 9293, 3.3.2, each once', () => {
	expect(new Set(STATES).size).toBe(STATES.length);
	expect(STATES).toHaveLength(11);
});

test('flags stand in tcpdump’s order, each with the bit of the header', () => {
	// FIN is the lowest bit of the octet, CWR the highest (RFC 9293, 3.1); AE is the lowest bit of the octet before (RFC
	// 9768, 3.1.1).
	expect(FLAG_BITS.map(([letter]) => letter).join('')).toBe('FSRP.UEWe');
	expect(FLAG_BITS.map(([, bit]) => bit)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((place) => 1 << place));
});

describe('probes of a closed window', () => {
	test('without an answer give up as retransmissions do: after 924.6 s by default', () => {
		expect(windowProbeTimeoutMs({ retries2: 15 })).toBe(retransmissionTimeoutMs({ retries2: 15 }));
		expect(windowProbeGapsMs({ retries2: 3 })).toEqual([200, 400, 800, 1_600]);
	});

	test('that were answered have doubled the wait, which tcp_retries2 caps, but do not count to the end', () => {
		expect(windowProbeGapsMs({ retries2: 3, answered: 2 })).toEqual([800, 1_600, 1_600, 1_600]);
		expect(windowProbeGapsMs({ retries2: 3, rtoMaxMs: 1_000 })).toEqual([200, 400, 800, 1_000]);
	});

	test('of an orphan end when the wait has reached its maximum, answered or not: after 324.6 s by default', () => {
		// Ten probes (204.6 s), then a wait of TCP_RTO_MAX.
		expect(orphanProbeGapsMs()).toHaveLength(11);
		expect(orphanProbeTimeoutMs()).toBe(324_600);
		expect(orphanProbeGapsMs({ rtoMaxMs: 1_000 })).toEqual([200, 400, 800, 1_000]);
		// A wait that is the maximum exactly is no longer below it: `inet_csk_rto_backoff(…) < rto_max`.
		expect(orphanProbeGapsMs({ rtoMs: 250, rtoMaxMs: 1_000 })).toEqual([250, 500, 1_000]);
	});
});

describe('a schedule', () => {
	test('is the times between events', () => {
		expect(gapsBetween([{ t: 1 }, { t: 1.5 }, { t: 3 }])).toEqual([500, 1_500]);
		expect(gapsBetween([])).toEqual([]);
	});

	test('is kept by gaps that come late, but not early, and are as many', () => {
		expect(deviations([200, 450, 1_200], [200, 400, 800])).toEqual([]);
		expect(deviations([190, 389, 800], [200, 400, 800])).toEqual(['gap 2 is 389 ms instead of 400 ms']);
		expect(deviations([200, 5_801], [200, 400])).toEqual(['gap 2 is 5801 ms instead of 400 ms']);
		expect(deviations([200], [200, 400])).toEqual(['1 gaps instead of 2']);
	});
});

describe('SYNs without an answer', () => {
	test('with tcp_syn_linear_timeouts = 4, the default since 6.5: gaps of 1, 1, 1, 1, 1, 2, 4, … s, and 131 s in all', () => {
		// Documentation/networking/ip-sysctl.rst, tcp_syn_linear_timeouts: "we would expect SYN RTOs to be: 1, 1, 1, 1, 1,
		// 2, 4, …".
		const { retransmissionsMs, giveUpMs } = synSchedule({ retries: 6, linear: 4 });
		expect(retransmissionsMs).toEqual([1_000, 2_000, 3_000, 4_000, 5_000, 7_000, 11_000, 19_000, 35_000, 67_000]);
		expect(giveUpMs).toBe(131_000);
	});

	test('before, or with 0 of them: six doublings, 127 s', () => {
		// tcp(7), tcp_syn_retries: "retrying for up to approximately 127 seconds".
		const { retransmissionsMs, giveUpMs } = synSchedule({ retries: 6 });
		expect(retransmissionsMs).toEqual([1_000, 3_000, 7_000, 15_000, 31_000, 63_000]);
		expect(giveUpMs).toBe(127_000);
		expect(synSchedule({ retries: 6, linear: 0 })).toEqual({ retransmissionsMs, giveUpMs });
	});

	test('with few retries end when the doublings would have, whatever linear timeouts are left', () => {
		expect(synSchedule({ retries: 1, linear: 4 })).toEqual({ retransmissionsMs: [1_000, 2_000], giveUpMs: 3_000 });
		expect(synSchedule({ retries: 2, linear: 4 }).giveUpMs).toBe(7_000);
		// Here the number of retransmissions, 3 + 4, is what ends it.
		expect(synSchedule({ retries: 3, linear: 4 })).toMatchObject({
			giveUpMs: 19_000,
			retransmissionsMs: { length: 7 },
		});
	});

	test('end with TCP_USER_TIMEOUT, but not before one retransmission, a jiffy later', () => {
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
		// It replaces the doublings' time, but not the number.
		expect(synSchedule({ retries: 1, userTimeoutMs: 60_000 })).toEqual({ retransmissionsMs: [1_000], giveUpMs: 3_000 });
	});

	test('never end before the last of them, and never come in shorter gaps than before', () => {
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

	test('are deferred for whole turns of their timer', () => {
		expect([0, 1, 2, 3, 4, 7, 10, 15, 16].map(deferAcceptSeconds)).toEqual([0, 1, 3, 3, 7, 7, 15, 15, 31]);
		// Doublings end at TCP_RTO_MAX: 127 s, and then 120 s more each.
		expect(deferAcceptSeconds(128)).toBe(247);
	});
});

test.each<[string, () => unknown, string]>([
	['another formula’s option', () => retransmissionTimeout({ userTimeoutMs: 3_000 } as never), 'OPTION_UNKNOWN'],
	['no option', () => retransmissionTimeout({} as never), 'OPTION_INVALID'],
	['a sysctl that this kernel lacks', () => synSchedule({ retries: undefined } as never), 'OPTION_INVALID'],
	['a negative time', () => keepaliveTimeout({ time: -1, interval: 1, probes: 1 }), 'OPTION_INVALID'],
	['NaN', () => spanOf(Number.NaN), 'OPTION_INVALID'],
	['half a probe', () => keepaliveTimeout({ time: 1, interval: 1, probes: 0.5 }), 'OPTION_INVALID'],
])('a formula refuses %s instead of giving a bound that anything keeps', (_, work, code) => {
	expect(work).toThrow(expect.objectContaining({ code }));
});

test('a connection reaches what lies ahead in the diagram, and nothing behind it (RFC 9293, figure 5)', () => {
	expect(STATES.filter((state) => canReach('FIN-WAIT-1', state))).toEqual([
		'FIN-WAIT-1',
		'FIN-WAIT-2',
		'CLOSING',
		'TIME-WAIT',
		'CLOSED',
	]);
	expect(STATES.filter((state) => canReach('TIME-WAIT', state))).toEqual(['TIME-WAIT', 'CLOSED']);
	expect(canReach('SYN-SENT', 'LAST-ACK')).toBe(true);
	expect(canReach('ESTAB', 'SYN-SENT')).toBe(false);
	// What ss calls a socket that is bound and no more (misc/ss.c, sstate_name).
	expect(canReach('UNCONN', 'SYN-SENT')).toBe(true);
});
