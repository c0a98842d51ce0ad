import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HZ_OF_ANY, HZ_OF_DEBIAN, slotOf, spreadOf } from './timer-wheel.ts';

test.each([
	[0.2, 250, 0.004],
	[1, 250, 0.032],
	[15, 250, 0.256],
	[60, 250, 2.048],
	[120, 250, 2.048],
	[7_200, 250, 131.072],
	[60, 100, 5.12],
	[60, 1_000, 4.096],
])('a timer of %f s with HZ = %d has a slot of %f s', (seconds, hz, slot) => {
	expect(slotOf(seconds, hz)).toBeCloseTo(slot, 6);
});

test('with several values of HZ, the widest slot counts', () => {
	expect(spreadOf(60, HZ_OF_DEBIAN)).toBeCloseTo((2.048 * 8) / 7, 6);
	expect(spreadOf(60, HZ_OF_ANY)).toBeCloseTo((5.12 * 8) / 7, 6);
});

test('a slot is at most about an eighth of its timers, and never narrower for a longer timer', () => {
	const anySeconds = fc.double({ min: 0.7, max: 1e6, noNaN: true });
	fc.assert(
		fc.property(anySeconds, anySeconds, fc.constantFrom(...HZ_OF_ANY), (a, b, hz) => {
			expect(slotOf(a, hz)).toBeLessThanOrEqual((a * 8) / 63);
			expect(slotOf(Math.max(a, b), hz)).toBeGreaterThanOrEqual(slotOf(Math.min(a, b), hz));
			expect(spreadOf(a, [hz])).toBeGreaterThan(slotOf(a, hz));
			expect(spreadOf(a, HZ_OF_ANY)).toBeGreaterThanOrEqual(spreadOf(a, HZ_OF_DEBIAN));
		}),
	);
});

test('very long timers are in the last level', () => {
	expect(slotOf(Number.MAX_VALUE, 250)).toBe(slotOf(1e9, 250));
});
