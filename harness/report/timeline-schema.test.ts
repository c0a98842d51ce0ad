import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { timelineSchema } from '../timeline/timeline-file.ts';
import { expectFile } from './fixtures/golden.ts';
import { powerOffTimeline, rebootTimeline } from './ladder/fixtures/timelines.ts';

describe('docs/timeline.schema.json', () => {
	test('is the schema in the code; to update it: UPDATE_GOLDEN=1 npm test -- harness/report/timeline-schema', () => {
		const schema = z.toJSONSchema(timelineSchema);
		const file = { ...schema, title: 'timeline.json of halfopen' };
		expectFile(new URL('../../docs/timeline.schema.json', import.meta.url), `${JSON.stringify(file, null, '\t')}\n`);
	});

	test('accepts the timelines of the tests of ladders', () => {
		for (const timeline of [rebootTimeline(), powerOffTimeline()])
			expect(timelineSchema.parse(timeline)).toEqual(timeline);
	});
});
