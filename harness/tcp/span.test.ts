import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isTimerOf, spanOf } from './span.ts';

test('a timer may be late by an eighth and half a second, but not early', () => {
	expect([7_980, 7_990, 8_000, 9_500, 9_501].map((ms) => isTimerOf(ms, 8_000))).toEqual([
		false,
		true,
		true,
		true,
		false,
	]);
	expect(isTimerOf(Number.NaN, 8_000)).toBe(false);
});

test('a span allows more than the time of the formula, however short that is', () => {
	fc.assert(
		fc.property(fc.integer({ min: 0, max: 10_000_000 }), (ms) => {
			const { atLeastMs, atMostMs } = spanOf(ms);
			expect(atLeastMs).toBe(ms);
			// A timer may be an eighth late by the wheel alone (kernel/time/timer.c).
			expect(atMostMs).toBeGreaterThanOrEqual(ms * 1.125 + 5_000);
		}),
	);
});
