import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HalfopenError } from '../errors.ts';
import { timelineSchema } from '../timeline/timeline-file.ts';
import { MeasureCollector } from './measure-collector.ts';

describe('a measured duration', () => {
	test('is rounded to microseconds', () => {
		const collector = new MeasureCollector();
		expect(collector.timelineField).toEqual({});
		collector.add('TIME-WAIT', 61.312_345_678);
		collector.add('nothing', 0);
		expect(collector.timelineField).toEqual({
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
	])('%j, %f is rejected: %s, %s', (what, seconds, code, problem) => {
		const collector = new MeasureCollector();
		collector.add('TIME-WAIT', 61);
		expect(() => collector.add(what, seconds)).toThrow(
			expect.objectContaining({
				code,
				problem: expect.stringContaining(problem),
				seen: expect.stringContaining(what),
			}),
		);
		expect(collector.timelineField.measures).toHaveLength(1);
	});

	test('is rejected, or matches the schema of timelines, for any name and number', () => {
		fc.assert(
			fc.property(fc.string(), fc.double(), (what, seconds) => {
				const collector = new MeasureCollector();
				try {
					collector.add(what, seconds);
				} catch (error) {
					expect(error).toBeInstanceOf(HalfopenError);
				}
				expect(timelineSchema.shape.measures.safeParse(collector.timelineField.measures).success).toBe(true);
			}),
		);
	});
});
