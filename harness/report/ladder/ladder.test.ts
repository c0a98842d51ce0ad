import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { timelineSchema } from '../../timeline/timeline-file.ts';
import { expectFile } from '../fixtures/golden.ts';
import { anyTimeline } from './fixtures/arbitrary.ts';
import { powerOffTimeline, rebootTimeline } from './fixtures/timelines.ts';
import { type LadderRow, layOut, renderLadder } from './index.ts';

const TIMELINES = { reboot: rebootTimeline, 'power-off': powerOffTimeline };

/** Segments and ICMP messages that a row stands for. */
function segmentsIn(row: LadderRow): number {
	if (row.kind !== 'events') return 'segments' in row ? row.segments : 0;
	const loops = [...row.client, ...row.server].filter(({ kind }) => kind === 'segment');
	return (row.wire?.times ?? 0) + loops.reduce((sum, { times }) => sum + times, 0);
}

describe('a ladder as text', () => {
	for (const [name, timeline] of Object.entries(TIMELINES)) {
		for (const width of [80, 120]) {
			test(`is the golden one: ${name}, ${width} columns`, () => {
				expectFile(new URL(`fixtures/${name}.${width}.txt`, import.meta.url), renderLadder(timeline(), { width }));
			});
		}
	}

	test('has the same text with colours as without', () => {
		// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour is
		const plain = renderLadder(rebootTimeline(), { width: 100, colour: true }).replace(/\u001b\[[\d;]*m/g, '');
		expect(plain.replace(/ +$/gm, '')).toBe(renderLadder(rebootTimeline(), { width: 100 }));
		expect(renderLadder(rebootTimeline(), { colour: true })).toContain('\u001b[1;31mread(3) = ECONNRESET\u001b[0m');
	});

	test('says above it why the scenario failed, in the lines in which it was told', () => {
		const failed = {
			...rebootTimeline(),
			outcome: 'failed' as const,
			failure: { message: 'Waited 15 s. [LIMIT_PASSED]\n  to do: look', code: 'LIMIT_PASSED' },
		};
		const text = renderLadder(failed, { width: 80 });
		expect(text).toContain('\n  Waited 15 s. [LIMIT_PASSED]\n    to do: look\n');
		expect(text.indexOf('LIMIT_PASSED')).toBeLessThan(text.indexOf('time'));
	});

	test('draws any valid timeline within its width', () => {
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
	test('accounts for every segment, fault and step', () => {
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

	test('lays out ten thousand events in well under two seconds', () => {
		const [segment, ...rest] = powerOffTimeline().events.filter(({ kind }) => kind === 'segment');
		const events = Array.from({ length: 10_000 }, (_, index) => ({
			...(index % 3 === 0 ? segment : rest[index % rest.length]),
			t: index / 10,
		}));
		const timeline = timelineSchema.parse({ ...powerOffTimeline(), events });
		// Of the processor: what else a busy machine does is no matter.
		const before = process.cpuUsage();
		renderLadder(timeline);
		expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000);
	});
});
