import { describe, expect, test } from '@jest/globals';
import { deviations, gapsBetween } from './gaps.ts';

describe('a schedule', () => {
	test('consists of the times between events', () => {
		expect(gapsBetween([{ t: 1 }, { t: 1.5 }, { t: 3 }])).toEqual([500, 1_500]);
		expect(gapsBetween([])).toEqual([]);
	});

	test('is kept by the right number of gaps, which may be late, but not early', () => {
		expect(deviations([200, 450, 1_200], [200, 400, 800])).toEqual([]);
		expect(deviations([190, 389, 800], [200, 400, 800])).toEqual(['gap 2 is 389 ms instead of 400 ms']);
		expect(deviations([200, 5_801], [200, 400])).toEqual(['gap 2 is 5801 ms instead of 400 ms']);
		expect(deviations([200], [200, 400])).toEqual(['1 gaps instead of 2']);
	});
});
