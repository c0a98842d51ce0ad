import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { slotOf, spreadOf } from './wheel.ts';

test.each([
	[0.2, 0.004],
	[1, 0.032],
	[15, 0.256],
	[60, 2.048],
	[120, 2.048],
	[7_200, 131.072],
])('a timer of %f s ends with a slot of %f s', (seconds, slot) => {
	expect(slotOf(seconds)).toBeCloseTo(slot, 6);
});

test('a slot is no wider than an eighth of the timers in it and a bit, and never narrower for a longer timer', () => {
	const anySeconds = fc.double({ min: 0.3, max: 1e6, noNaN: true });
	fc.assert(
		fc.property(anySeconds, anySeconds, (a, b) => {
			expect(slotOf(a)).toBeLessThanOrEqual((a * 8) / 63);
			expect(slotOf(Math.max(a, b))).toBeGreaterThanOrEqual(slotOf(Math.min(a, b)));
			expect(spreadOf(a)).toBeGreaterThan(slotOf(a));
		}),
	);
});

test('nothing is too long for the wheel', () => {
	expect(slotOf(Number.MAX_VALUE)).toBe(slotOf(1e9));
});
