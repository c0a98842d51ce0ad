import { expect, test } from '@jest/globals';
import { pace } from './waiting-time.ts';

test('the pace is the seconds of a lab per second of wall time', () => {
	expect(pace(937.742, 1.2345)).toEqual({ guest_s: 937.7, wall_s: 1.23, ratio: 760 });
	expect(pace(60, 0.004)).toEqual({ guest_s: 60, wall_s: 0, ratio: 15_000 });
});
