import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RealClock } from './real-clock.ts';

/**
 * The monotonic clock of this process, and a remote host whose clock is ahead of it, in seconds. Requests and answers
 * take time.
 */
class RemoteHost {
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
	 * Calibrates the clock with round trips of these delays; the last pair is repeated. Returns by how much the host's
	 * clock was set.
	 */
	async calibrate(...delays: readonly (readonly [there: number, back: number])[]): Promise<number> {
		let round = 0;
		const [before, { t, setBy }] = [
			this.time,
			await this.clock.calibrate(async () => {
				const [there = 0, back = 0] = delays[Math.min(round++, delays.length - 1)] ?? [];
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

/** Doubles of today’s seconds since the epoch are 0.2 µs apart. */
const ROUNDING = 1e-6;
const EPOCH = 1_767_225_600;

describe('the clock of a lab', () => {
	test.each([120, -120])(
		'follows a host that is %d s ahead, with an error of at most half of the shortest round trip',
		async (off) => {
			const host = new RemoteHost(Date.now() / 1_000 + off);
			expect(await host.calibrate([0.03, 0.001], [0.001, 0.03], [0.002, 0.001], [0.02, 0.02])).toBe(0);
			expect(host.clock.precision).toBeLessThanOrEqual(0.0015 + ROUNDING);
			expect(Math.abs(host.clock.now() - host.time)).toBeLessThanOrEqual(host.clock.precision + ROUNDING);
			host.monotonic += 3_600;
			expect(Math.abs(host.clock.now() - host.time)).toBeLessThanOrEqual(host.clock.precision + ROUNDING);
		},
	);

	test('throws before the first calibration', () => {
		expect(() => new RealClock().now()).toThrow('calibrate is called before now');
	});

	test('has no larger error than its precision while both clocks run equally fast, whatever the delays', async () => {
		const delay = fc.double({ min: 0, max: 0.5, noNaN: true });
		const calibrations = fc.array(fc.array(fc.tuple(delay, delay), { minLength: 1, maxLength: 6 }), {
			minLength: 1,
			maxLength: 6,
		});
		await fc.assert(
			fc.asyncProperty(calibrations, fc.integer({ min: -1_000, max: 1_000 }), async (all, off) => {
				const host = new RemoteHost(EPOCH + off);
				let latest = 0;
				for (const delays of all) {
					expect(await host.calibrate(...delays)).toBe(0);
					const now = host.clock.now();
					expect(Math.abs(now - host.time)).toBeLessThanOrEqual(host.clock.precision + ROUNDING);
					expect(now).toBeGreaterThanOrEqual(latest);
					latest = now;
				}
			}),
		);
	});

	test('an event of the harness is between the host’s last answer and its next request', async () => {
		const host = new RemoteHost(EPOCH);
		await host.calibrate([0.004, 0.001]);
		const stamped = host.clock.now();
		host.monotonic += 0.004;
		expect(stamped).toBeLessThan(host.time);
		const answeredAt = host.time;
		host.monotonic += 0.0021;
		expect(host.clock.now()).toBeGreaterThan(answeredAt);
	});

	test('follows a clock that is slewed, and does not report that it was set', async () => {
		const host = new RemoteHost(EPOCH);
		await host.calibrate([0.0001, 0.0001]);
		for (let minute = 0; minute < 60; minute++) {
			host.monotonic += 60;
			// 100 ppm.
			host.ahead += 0.006;
			expect(await host.calibrate([0.0003, 0.0001])).toBe(0);
			// When only the latest bounds are left, the error is at most one whole round trip.
			expect(Math.abs(host.clock.now() - host.time)).toBeLessThanOrEqual(0.0004);
		}
	});

	test.each([120, -120])('reports by how much the hosts’ clock was set (%d s), and follows it', async (by) => {
		const host = new RemoteHost(EPOCH);
		await host.calibrate([0.001, 0.001]);
		host.clock.now();
		host.monotonic += 5;
		host.ahead += by;
		expect(await host.calibrate([0.001, 0.001])).toBeCloseTo(by, 2);
		expect(Math.abs(host.clock.now() - host.time)).toBeLessThanOrEqual(0.001 + ROUNDING);
		expect(await host.calibrate([0.001, 0.001])).toBe(0);
	});

	test('sleeps by the monotonic clock, or until the signal is aborted', async () => {
		const clock = new RealClock();
		const start = performance.now();
		await clock.sleep(20, new AbortController().signal);
		// Node's timers count whole milliseconds.
		expect(performance.now() - start).toBeGreaterThanOrEqual(19);
		await clock.sleep(3_600_000, AbortSignal.abort());
	});
});
