import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyTimeline } from './ladder/fixtures/arbitrary.ts';
import { rebootTimeline } from './ladder/fixtures/timelines.ts';
import { timelineText } from './write-artifacts.ts';

test('a timeline as text is JSON, whatever is in it', () => {
	fc.assert(fc.property(anyTimeline, (timeline) => expect(JSON.parse(timelineText(timeline))).toEqual(timeline)));
});

test('a timeline as text has a line for each event, and one for each field before them', () => {
	const { events, ...head } = rebootTimeline();
	const lines = timelineText({ events, ...head })
		.trimEnd()
		.split('\n');
	expect(lines).toHaveLength(events.length + Object.keys(head).length + 4);
});
