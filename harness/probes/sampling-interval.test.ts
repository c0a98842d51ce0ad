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

test('real time: often at first, then less often', () => {
	expect([1, 19, 20, 59, 60, 1_000].map((samples) => realTimeInterval({ samples, seconds: 0, rows: [] }))).toEqual([
		50, 50, 200, 200, 500, 500,
	]);
});

describe('virtual time', () => {
	/** Returns the number of samples in a watch of this duration. */
	const samplesIn = (seconds: number, rows: (t: number) => SsRow[]) => {
		let samples = 0;
		for (let t = 0; t < seconds; t += virtualTimeInterval({ samples, seconds: t, rows: rows(t) }) / 1_000) samples++;
		return samples;
	};

	test('two hours without a timer cost fewer samples than ten seconds in real time', () => {
		expect(samplesIn(7_200, () => [row()])).toBeLessThan(150);
	});

	test('the next sample is right after a timer expires, however long the watch has lasted', () => {
		expect(virtualTimeInterval({ samples: 9, seconds: 100, rows: [row(), row(4_000), row(60_000)] })).toBe(4_050);
	});

	test('a timer that is late does not cause many samples', () => {
		expect(samplesIn(1_000, (t) => [row(Math.max(0, 880 - t) * 1_000)])).toBeLessThan(170);
	});

	test('never shorter than the shortest in real time, never longer than a tenth of the watch', () => {
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
