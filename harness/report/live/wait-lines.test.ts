import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LiveWait } from './running-scenarios.ts';
import { isWorthALine, progress, waitLine, waitText } from './wait-lines.ts';

function wait(part: Partial<LiveWait> = {}): LiveWait {
	return {
		key: '1/1',
		where: 'puzzlers/power-off › the peer never comes back',
		what: 'dnc-1 on the client: read to fail with ETIMEDOUT',
		limitMs: 26_700,
		waitedMs: 8_400,
		shownMs: 8_400,
		...part,
	};
}

describe('a wait', () => {
	test.each([
		[8_400, 26_700, '8 of at most 27 s'],
		[999, 15_000, '0 of at most 15 s'],
		[62_000, 61_000, '62 of at most 61 s'],
		[8_400, undefined, '8 s so far'],
	])('of %d ms and at most %p ms is %s', (waitedMs, limitMs, text) => {
		expect(progress({ waitedMs, limitMs })).toBe(text);
	});

	test('is a line with its scenario', () => {
		expect(waitLine(wait(), 200)).toBe(
			'  puzzlers/power-off › the peer never comes back: waiting for dnc-1 on the client: read to fail with ' +
				'ETIMEDOUT, 8 of at most 27 s',
		);
	});

	test('keeps its seconds in a narrow terminal', () => {
		expect(waitLine(wait(), 100)).toBe(
			'  puzzlers/power-off › the peer…: waiting for dnc-1 on the client: read to fail …, 8 of at most 27 s',
		);
	});

	test('is one line within the width, whatever its texts are', () => {
		const any = fc.record({
			where: fc.string({ unit: 'binary' }),
			what: fc.string({ unit: 'binary' }),
			waitedMs: fc.integer({ min: 0, max: 1e7 }),
			limitMs: fc.option(fc.integer({ min: 0, max: 1e7 }), { nil: undefined }),
		});
		fc.assert(
			fc.property(any, fc.integer({ min: 0, max: 120 }), (part, width) => {
				for (const line of [waitLine(wait(part), width), waitText(wait(part), width)]) {
					expect(line.length).toBeLessThanOrEqual(width);
					// biome-ignore lint/suspicious/noControlCharactersInRegex: the line must not contain them.
					expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
				}
			}),
		);
	});

	test('is shown only after a second, so that nothing flickers', () => {
		expect([999, 1_000].map((shownMs) => isWorthALine(wait({ shownMs })))).toEqual([false, true]);
	});
});
