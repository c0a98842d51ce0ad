import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { powerOffTimeline } from '../report/ladder/fixtures/timelines.ts';
import { assertDistinct, type MeasureRow, measuresOf, mergeMeasures } from './measures.ts';

const row = (changes: Partial<MeasureRow> = {}): MeasureRow => ({
	what: 'TIME-WAIT',
	seconds: 61.3,
	quiet: 60,
	scenario: 'warm-up',
	engine: 'vm',
	kernel: '6.1.180',
	...changes,
});

describe('measuresOf', () => {
	const measures = [
		{ what: 'short', seconds: 0.5 },
		{ what: 'long', seconds: 13.2 },
	];

	test('returns the durations of the timeline, with the longest time without an event', () => {
		const rows = measuresOf({ ...powerOffTimeline(), measures });
		expect(rows).toMatchObject([
			{
				what: 'short',
				seconds: 0.5,
				quiet: 0.5,
				engine: 'docker',
				kernel: '6.18.44',
				scenario: 'power off: the peer never comes back',
			},
			{ what: 'long', seconds: 13.2 },
		]);
		expect(rows[1]?.quiet).toBeGreaterThan(4);
		expect(rows[1]?.quiet).toBeLessThan(7);
	});

	test('counts the end of a call as an event, but not a sample of sockets', () => {
		const step = (t: number) => ({ kind: 'step' as const, t, text: '' });
		const sample = { kind: 'sockets' as const, t: 30, host: 'client' as const, boot: 1, rows: [] };
		const call = {
			kind: 'call' as const,
			t: 1,
			host: 'client' as const,
			peer: 'nc-1',
			pid: 1,
			name: 'read',
			args: '',
			took: 9,
			source: 'strace' as const,
		};
		const quietIn = (...events: readonly (ReturnType<typeof step> | typeof sample | typeof call)[]) =>
			measuresOf({ ...powerOffTimeline(), measures: [{ what: 'all', seconds: 60 }], events: [...events] })[0]?.quiet;
		expect(quietIn(step(0), sample, step(60))).toBe(60);
		expect(quietIn(step(0), call, step(60))).toBe(50);
		expect(quietIn()).toBe(0);
	});

	test('returns nothing if the scenario failed or measured nothing', () => {
		expect(measuresOf({ ...powerOffTimeline(), measures, outcome: 'failed' })).toEqual([]);
		expect(measuresOf(powerOffTimeline())).toEqual([]);
	});
});

test(
	'merging replaces the same duration on the same engine and kernel, sorts the rows, and changes nothing the ' +
		'second time',
	() => {
		const others = [row({ what: 'SYN' }), row({ engine: 'docker' }), row({ kernel: '6.12' })];
		expect(mergeMeasures([...others, row(), row({ seconds: 60, scenario: 'renamed' })])).toEqual([
			row({ what: 'SYN' }),
			row({ engine: 'docker' }),
			row({ seconds: 60, scenario: 'renamed' }),
			row({ kernel: '6.12' }),
		]);
		const rows = fc.array(fc.record({ what: fc.string(), engine: fc.constantFrom('docker', 'vm') }).map(row));
		fc.assert(
			fc.property(rows, rows, (earlier, fresh) => {
				const merged = mergeMeasures([...earlier, ...fresh]);
				expect(mergeMeasures([...merged, ...fresh])).toEqual(merged);
				expect(mergeMeasures(merged)).toEqual(merged);
			}),
		);
	},
);

test('a duration that two scenarios measured is rejected, and both are named', () => {
	assertDistinct([row(), row({ what: 'SYN' })]);
	expect(() => assertDistinct([row(), row({ what: 'SYN' }), row({ what: 'SYN', scenario: 'another' })])).toThrow(
		expect.objectContaining({
			code: 'NAME_TAKEN',
			problem: expect.stringContaining('“SYN”'),
			seen: 'warm-up\nanother',
		}),
	);
});
