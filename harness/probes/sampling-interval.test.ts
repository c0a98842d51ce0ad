import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SsRow } from '../formats/types.ts';
import { realTimeInterval, virtualTimeInterval } from './sampling-interval.ts';

const row = (leftMs?: number): SsRow => ({
	state: 'ESTAB',
	receiveQueue: 0,
	sendQueue: 0,
	local: { address: '198.18.0.2', port: 1 },
	remote: { address: '198.18.0.3', port: 2 },
	...(leftMs !== undefined && { timer: { name: 'on' as const, leftMs, count: 0 } }),
	details: '',
});

test('real time: quickly at first, then slower', () => {
	expect([1, 19, 20, 59, 60, 1_000].map((samples) => realTimeInterval({ samples, seconds: 0, rows: [] }))).toEqual([
		50, 50, 200, 200, 500, 500,
	]);
});

describe('virtual time', () => {
	/** How many samples a wait costs. */
	const samplesIn = (seconds: number, rows: (t: number) => SsRow[]) => {
		let samples = 0;
		for (let t = 0; t < seconds; t += virtualTimeInterval({ samples, seconds: t, rows: rows(t) }) / 1_000) samples++;
		return samples;
	};

	test('two hours without a timer cost fewer looks than ten real seconds', () => {
		expect(samplesIn(7_200, () => [row()])).toBeLessThan(150);
	});

	test('a timer’s end is looked at right after it, however long the wait has been', () => {
		expect(virtualTimeInterval({ samples: 9, seconds: 100, rows: [row(), row(4_000), row(60_000)] })).toBe(4_050);
	});

	test('a timer that is late is not looked at all the time', () => {
		expect(samplesIn(1_000, (t) => [row(Math.max(0, 880 - t) * 1_000)])).toBeLessThan(170);
	});

	test('never sooner than real time’s shortest, never later than a tenth of the wait', () => {
		fc.assert(
			fc.property(
				fc.double({ min: 0, max: 1e5, noNaN: true }),
				fc.array(fc.option(fc.nat(1e8), { nil: undefined })),
				(seconds, timers) => {
					const ms = virtualTimeInterval({ samples: 1, seconds, rows: timers.map(row) });
					expect(ms).toBeGreaterThanOrEqual(50);
					expect(ms).toBeLessThanOrEqual(Math.max(50, (seconds * 1_000) / 10));
				},
			),
		);
	});
});
