import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isTimerOf, spanOf } from './span.ts';

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
