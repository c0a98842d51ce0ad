import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Stopwatch } from './stopwatch.ts';

describe('a stopwatch', () => {
	test('counts overlapping time once, for the engine before the kernel', () => {
		let ms = 0;
		const watch = new Stopwatch(() => ms);
		const at = (time: number) => {
			ms = time;
		};
		at(1_000);
		const waited = watch.begin('kernel');
		at(3_000);
		const made = watch.begin('engine');
		at(7_000);
		made();
		at(8_000);
		waited();
		at(8_500);
		expect(watch.cost).toEqual({ engine: 4, kernel: 3, harness: 1.5 });
	});

	test('counts all of the time, in any order of begins and ends', () => {
		fc.assert(
			fc.property(
				fc.array(fc.tuple(fc.constantFrom('engine' as const, 'kernel' as const), fc.nat(1_000), fc.boolean())),
				(steps) => {
					let ms = 0;
					const watch = new Stopwatch(() => ms);
					const open: (() => void)[] = [];
					for (const [who, passed, ends] of steps) {
						ms += passed;
						if (ends) open.pop()?.();
						else open.push(watch.begin(who));
					}
					const { engine, kernel, harness } = watch.cost;
					expect(engine + kernel + harness).toBeCloseTo(ms / 1_000);
				},
			),
		);
	});

	test('stops counting for work that rejects', async () => {
		let ms = 0;
		const watch = new Stopwatch(() => ms);
		await expect(watch.during('engine', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
		ms = 500;
		expect(watch.cost).toEqual({ engine: 0, kernel: 0, harness: 0.5 });
	});
});
