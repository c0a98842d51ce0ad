import { expect, test } from '@jest/globals';
import { keepaliveTimeout, keepaliveUserTimeout } from './keepalive.ts';

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
