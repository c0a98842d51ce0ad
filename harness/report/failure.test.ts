import { expect, test } from '@jest/globals';
import { HalfopenError } from '../errors.ts';
import { withLadder } from './failure.ts';
import { TimelineBuilder } from './ladder/fixtures/builder.ts';
import { powerOffTimeline } from './ladder/fixtures/timelines.ts';

const PICTURE = 'reports/puzzlers/power-off/ladder.svg';

test('a failure shows the ladder until it failed, and names the picture', () => {
	const error = withLadder(new Error('the read did not fail'), powerOffTimeline(), 2.2, PICTURE);
	expect(error.message).toMatch(/^the read did not fail\n\nWhat happened until then:\n +time +client 10\.77\.1\.2 │/);
	expect(error.message).toContain(') = 22');
	expect(error.message).toContain('poll(3, 0) …');
	expect(error.message).toContain('nobody there');
	expect(error.message).not.toMatch(/ETIMEDOUT|POLLHUP/);
	expect(error.message).toMatch(new RegExp(`\\n\\nAll of it: ${PICTURE}$`));
});

test('it keeps its kind, its code and the place in the spec', () => {
	const born = new HalfopenError('LIMIT_PASSED', { problem: 'Waited 2 s.', remedy: 'Wait longer.' });
	const place = born.stack?.split('\n').find((line) => line.startsWith('    at ')) ?? '';
	const error = withLadder(born, powerOffTimeline(), 99, PICTURE);
	expect(error).toBe(born);
	expect(error.stack).toContain(error.message);
	expect(error.stack).toContain(place);
	expect(error.stack?.match(/Waited 2 s\./g)).toHaveLength(1);
});

test('only the end of a long story is drawn, and how much came before is said', () => {
	const timeline = new TimelineBuilder();
	for (let number = 1; number <= 40; number++) timeline.step(number / 10, `step ${number}`);
	const { message } = withLadder('no error', timeline.build({ scenario: 'long' }), 99, PICTURE);
	expect(message).toContain('15 rows before');
	expect(message).not.toContain('step 15\n');
	expect(message).toContain('step 16\n');
	expect(message).toContain('step 40\n');
});
