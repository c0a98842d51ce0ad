import { expect, test } from '@jest/globals';
import { HalfopenError } from '../errors.ts';
import { withLadder } from './failure.ts';
import { TimelineBuilder } from './ladder/fixtures/builder.ts';
import { powerOffTimeline } from './ladder/fixtures/timelines.ts';

const PICTURE = 'reports/puzzlers/power-off/ladder.svg';

test('a failure shows the ladder until then, and the path of the picture', () => {
	const error = withLadder(new Error('the read did not fail'), powerOffTimeline(), 2.2, PICTURE);
	expect(error.message).toMatch(/^the read did not fail\n\nWhat happened until then:\n +time +client 10\.77\.1\.2 │/);
	expect(error.message).toContain(') = 22');
	expect(error.message).toContain('poll(3, 0) …');
	expect(error.message).toContain('nobody there');
	expect(error.message).not.toMatch(/ETIMEDOUT|POLLHUP/);
	expect(error.message).toMatch(new RegExp(`\\n\\nAll of it: ${PICTURE}$`));
});

test('a failure keeps its type, its code and its line in the spec', () => {
	const original = new HalfopenError('LIMIT_PASSED', { problem: 'Waited 2 s.', remedy: 'Wait longer.' });
	const frame = original.stack?.split('\n').find((line) => line.startsWith('    at ')) ?? '';
	const error = withLadder(original, powerOffTimeline(), 99, PICTURE);
	expect(error).toBe(original);
	expect(error.stack).toContain(error.message);
	expect(error.stack).toContain(frame);
	expect(error.stack?.match(/Waited 2 s\./g)).toHaveLength(1);
});

test('only the end of a long ladder is drawn, with the number of rows before it', () => {
	const timeline = new TimelineBuilder();
	for (let number = 1; number <= 40; number++) timeline.step(number / 10, `step ${number}`);
	const { message } = withLadder('no error', timeline.build({ scenario: 'long' }), 99, PICTURE);
	expect(message).toContain('15 rows before');
	expect(message).not.toContain('step 15\n');
	expect(message).toContain('step 16\n');
	expect(message).toContain('step 40\n');
});
