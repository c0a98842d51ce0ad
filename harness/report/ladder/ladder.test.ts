import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { timelineSchema } from '../../timeline/timeline-file.ts';
import { expectFile } from '../fixtures/golden.ts';
import { anyTimeline } from './fixtures/arbitrary.ts';
import { powerOffTimeline, rebootTimeline } from './fixtures/timelines.ts';
import { type LadderRow, layOut, renderLadder } from './index.ts';

/** Returns the number of segments and ICMP messages in a row. */
function segmentsIn(row: LadderRow): number {
	if (row.kind !== 'events') return 'segments' in row ? row.segments : 0;
	const loops = Object.values(row.marks)
		.flat()
		.filter(({ kind }) => kind === 'segment');
	return (row.wire?.times ?? 0) + loops.reduce((sum, { times }) => sum + times, 0);
}

describe('a ladder as text', () => {
	test.each([
		['reboot', 120, rebootTimeline()],
		['power-off', 80, powerOffTimeline()],
	])('matches the golden file: %s, %d columns', (name, width, timeline) => {
		expectFile(new URL(`fixtures/${name}.${width}.txt`, import.meta.url), renderLadder(timeline, { width }));
	});

	test('has the same text with colours as without', () => {
		// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
		const plain = renderLadder(rebootTimeline(), { width: 100, colour: true }).replace(/\u001b\[[\d;]*m/g, '');
		expect(plain.replace(/ +$/gm, '')).toBe(renderLadder(rebootTimeline(), { width: 100 }));
		expect(renderLadder(rebootTimeline(), { colour: true })).toContain('\u001b[1;31mread(3) = ECONNRESET\u001b[0m');
	});

	test('shows the message of a failure above the picture, in its original lines', () => {
		const failed = {
			...rebootTimeline(),
			outcome: 'failed' as const,
			failure: { message: 'Waited 15 s. [LIMIT_PASSED]\n  to do: look', code: 'LIMIT_PASSED' },
		};
		const text = renderLadder(failed, { width: 80 });
		expect(text).toContain('\n  Waited 15 s. [LIMIT_PASSED]\n    to do: look\n');
		expect(text.indexOf('LIMIT_PASSED')).toBeLessThan(text.indexOf('time'));
	});

	test('is within its width for any valid timeline', () => {
		fc.assert(
			fc.property(anyTimeline, fc.integer({ min: 60, max: 200 }), (timeline, width) => {
				const lines = renderLadder(timelineSchema.parse(timeline), { width }).split('\n');
				expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
			}),
			{ numRuns: 300 },
		);
	});
});

describe('the layout', () => {
	test('draws or counts every segment, fault and step', () => {
		fc.assert(
			fc.property(anyTimeline, (timeline) => {
				const { rows } = layOut(timeline);
				const drawn = rows.reduce((sum, row) => sum + segmentsIn(row), 0);
				const count = (...kinds: string[]) => timeline.events.filter((event) => kinds.includes(event.kind)).length;
				expect(drawn).toBe(count('segment', 'icmp'));
				expect(rows.filter(({ kind }) => kind === 'fault')).toHaveLength(count('fault'));
				expect(rows.filter(({ kind }) => kind === 'step')).toHaveLength(count('step'));
			}),
			{ numRuns: 300 },
		);
	});

	test('of ten thousand events takes less than two seconds', () => {
		const [segment, ...rest] = powerOffTimeline().events.filter(({ kind }) => kind === 'segment');
		const events = Array.from({ length: 10_000 }, (_, index) => ({
			...(index % 3 === 0 ? segment : rest[index % rest.length]),
			t: index / 10,
		}));
		const timeline = timelineSchema.parse({ ...powerOffTimeline(), events });
		// Processor time, which does not depend on how busy the machine is.
		const before = process.cpuUsage();
		renderLadder(timeline);
		expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
	});
});
