import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HalfopenError } from '../errors.ts';
import { timelineSchema } from '../timeline/timeline-file.ts';
import { MeasureCollector } from './measure-collector.ts';

describe('what a scenario measures', () => {
	test('is kept to the microsecond, and stands in its timeline', () => {
		const measuring = new MeasureCollector();
		expect(measuring.found).toEqual({});
		measuring.add('TIME-WAIT', 61.312_345_678);
		measuring.add('nothing', 0);
		expect(measuring.found).toEqual({
			measures: [
				{ what: 'TIME-WAIT', seconds: 61.312_346 },
				{ what: 'nothing', seconds: 0 },
			],
		});
	});

	test.each([
		['  ', 1, 'NAME_INVALID', 'name of a duration is empty'],
		['SYN', Number.NaN, 'OPTION_INVALID', 'not a number of seconds'],
		['SYN', -0.1, 'OPTION_INVALID', 'not a number of seconds'],
		['TIME-WAIT', 60, 'NAME_TAKEN', 'measured twice'],
	])('%j, %f is refused: %s, %s', (what, seconds, code, problem) => {
		const measuring = new MeasureCollector();
		measuring.add('TIME-WAIT', 61);
		expect(() => measuring.add(what, seconds)).toThrow(
			expect.objectContaining({
				code,
				problem: expect.stringContaining(problem),
				seen: expect.stringContaining(what),
			}),
		);
		expect(measuring.found.measures).toHaveLength(1);
	});

	test('is refused, or of the schema of timelines, whatever it is', () => {
		fc.assert(
			fc.property(fc.string(), fc.double(), (what, seconds) => {
				const measuring = new MeasureCollector();
				try {
					measuring.add(what, seconds);
				} catch (error) {
					expect(error).toBeInstanceOf(HalfopenError);
				}
				expect(timelineSchema.shape.measures.safeParse(measuring.found.measures).success).toBe(true);
			}),
		);
	});
});
