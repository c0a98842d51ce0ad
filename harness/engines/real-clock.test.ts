import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RealClock } from './real-clock.ts';

/**
 * This process’s monotonic time, and a host elsewhere whose clock is ahead of it, in seconds; ways there and back take
 * their time.
 */
class Elsewhere {
	monotonic = 1_000;
	ahead: number;
	readonly clock = new RealClock(() => this.monotonic);

	constructor(ahead: number) {
		this.ahead = ahead;
	}

	get time(): number {
		return this.monotonic + this.ahead;
	}

	/**
	 * By how much its clock was set. One round trip for each pair of ways; calibrating asks as often as it will, the
	 * last pair again and again.
	 */
	async calibrate(...ways: readonly (readonly [there: number, back: number])[]): Promise<number> {
		let round = 0;
		const [before, { t, setBy }] = [
			this.time,
			await this.clock.calibrate(async () => {
				const [there = 0, back = 0] = ways[Math.min(round++, ways.length - 1)] ?? [];
				this.monotonic += there;
				const { time } = this;
				this.monotonic += back;
				return time;
			}),
		];
		expect(before <= t && t <= this.time).toBe(true);
		return setBy;
	}
}

/** Doubles near the epoch’s seconds are 0.2 µs apart. */
const ROUNDING = 1e-6;
const EPOCH = 1_767_225_600;

describe('the clock of a lab', () => {
	test.each([120, -120])(
		'is the hosts’, which is %d s ahead of this machine’s, to half of the shortest round trip',
		async (off) => {
			const host = new Elsewhere(Date.now() / 1_000 + off);
			expect(await host.calibrate([0.03, 0.001], [0.001, 0.03], [0.002, 0.001], [0.02, 0.02])).toBe(0);
			expect(host.clock.precision).toBeLessThanOrEqual(0.0015 + ROUNDING);
			expect(Math.abs(host.clock.now() - host.time)).toBeLessThanOrEqual(host.clock.precision + ROUNDING);
			host.monotonic += 3_600;
			expect(Math.abs(host.clock.now() - host.time)).toBeLessThanOrEqual(host.clock.precision + ROUNDING);
		},
	);

	test('has no time before a host was asked', () => {
		expect(() => new RealClock().now()).toThrow('a host was asked for the time before');
	});

	test('is never off by more than it says, whatever the ways take, while both clocks go alike', async () => {
		const way = fc.double({ min: 0, max: 0.5, noNaN: true });
		const calibrations = fc.array(fc.array(fc.tuple(way, way), { minLength: 1, maxLength: 6 }), {
			minLength: 1,
			maxLength: 6,
		});
		await fc.assert(
			fc.asyncProperty(calibrations, fc.integer({ min: -1_000, max: 1_000 }), async (all, off) => {
				const host = new Elsewhere(EPOCH + off);
				let latest = 0;
				for (const ways of all) {
					expect(await host.calibrate(...ways)).toBe(0);
					const now = host.clock.now();
					expect(Math.abs(now - host.time)).toBeLessThanOrEqual(host.clock.precision + ROUNDING);
					expect(now).toBeGreaterThanOrEqual(latest);
					latest = now;
				}
			}),
		);
	});

	test('an event that the harness stamped comes before the host hears of it, and after what the host had told', async () => {
		const host = new Elsewhere(EPOCH);
		await host.calibrate([0.004, 0.001]);
		const stamped = host.clock.now();
		host.monotonic += 0.004;
		expect(stamped).toBeLessThan(host.time);
		const told = host.time;
		host.monotonic += 0.0021;
		expect(host.clock.now()).toBeGreaterThan(told);
	});

	test('follows a host whose clock is slewed, which nobody set', async () => {
		const host = new Elsewhere(EPOCH);
		await host.calibrate([0.0001, 0.0001]);
		for (let minute = 0; minute < 60; minute++) {
			host.monotonic += 60;
			// 100 ppm.
			host.ahead += 0.006;
			expect(await host.calibrate([0.0003, 0.0001])).toBe(0);
			// What was found this time, alone: its whole round trip, once it is all that is known.
			expect(Math.abs(host.clock.now() - host.time)).toBeLessThanOrEqual(0.0004);
		}
	});

	test.each([120, -120])('says by how much the hosts’ clock was set: %d s; and goes on with that', async (by) => {
		const host = new Elsewhere(EPOCH);
		await host.calibrate([0.001, 0.001]);
		host.clock.now();
		host.monotonic += 5;
		host.ahead += by;
		expect(await host.calibrate([0.001, 0.001])).toBeCloseTo(by, 2);
		expect(Math.abs(host.clock.now() - host.time)).toBeLessThanOrEqual(0.001 + ROUNDING);
		expect(await host.calibrate([0.001, 0.001])).toBe(0);
	});

	test('sleeps by this process’s monotonic time, or until it is told not to', async () => {
		const clock = new RealClock();
		const start = performance.now();
		await clock.sleep(20, new AbortController().signal);
		// Timers of Node count whole milliseconds.
		expect(performance.now() - start).toBeGreaterThanOrEqual(19);
		await clock.sleep(3_600_000, AbortSignal.abort());
	});
});
