import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyTimeline } from './ladder/fixtures/arbitrary.ts';
import { rebootTimeline } from './ladder/fixtures/timelines.ts';
import { timelineText } from './write-artifacts.ts';

test('any timeline is written as JSON', () => {
	fc.assert(fc.property(anyTimeline, (timeline) => expect(JSON.parse(timelineText(timeline))).toEqual(timeline)));
});

test('a timeline is written with one line per event, after one line per field', () => {
	const { events, ...head } = rebootTimeline();
	const lines = timelineText({ events, ...head })
		.trimEnd()
		.split('\n');
	expect(lines).toHaveLength(events.length + Object.keys(head).length + 4);
});
