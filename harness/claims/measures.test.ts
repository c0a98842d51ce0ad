import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HalfopenError } from '../errors.ts';
import { powerOffStory } from '../report/ladder/fixtures/stories.ts';
import { addMeasures, type MeasureRow, measuresOf, mergeMeasures, parseMeasures } from './measures.ts';

const row = (changes: Partial<MeasureRow> = {}): MeasureRow => ({
	what: 'TIME-WAIT',
	seconds: 61.3,
	quiet: 60,
	scenario: 'warm-up',
	engine: 'vm',
	kernel: '6.1.180',
	...changes,
});

describe('the durations of a scenario', () => {
	const measures = [
		{ what: 'short', seconds: 0.5 },
		{ what: 'long', seconds: 13.2 },
	];

	test('are taken from its timeline, with the longest time in them in which nothing happened', () => {
		const rows = measuresOf({ ...powerOffStory(), measures });
		expect(rows).toMatchObject([
			{ what: 'short', seconds: 0.5, quiet: 0.5, engine: 'docker', kernel: '6.18.44', scenario: 'power off: the peer never comes back' },
			{ what: 'long', seconds: 13.2 },
		]);
		expect(rows[1]?.quiet).toBeGreaterThan(4);
		expect(rows[1]?.quiet).toBeLessThan(7);
	});

	test('a look at sockets interrupts no silence, the end of a call does', () => {
		const step = (t: number) => ({ kind: 'step' as const, t, text: '' });
		const look = { kind: 'sockets' as const, t: 30, host: 'client' as const, boot: 1, rows: [] };
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
		const quietIn = (...events: readonly (ReturnType<typeof step> | typeof look | typeof call)[]) =>
			measuresOf({ ...powerOffStory(), measures: [{ what: 'all', seconds: 60 }], events: [...events] })[0]?.quiet;
		expect(quietIn(step(0), look, step(60))).toBe(60);
		expect(quietIn(step(0), call, step(60))).toBe(50);
		expect(quietIn()).toBe(0);
	});

	test('are none where it failed, or measured nothing', () => {
		expect(measuresOf({ ...powerOffStory(), measures, outcome: 'failed' })).toEqual([]);
		expect(measuresOf(powerOffStory())).toEqual([]);
	});
});

test('merging replaces the same duration on the same engine and kernel, sorts, and changes nothing when it is done again', () => {
	const others = [row({ what: 'SYN' }), row({ engine: 'docker' }), row({ kernel: '6.12' })];
	expect(mergeMeasures([...others, row()], [row({ seconds: 60, scenario: 'renamed' })])).toEqual([
		row({ what: 'SYN' }),
		row({ engine: 'docker' }),
		row({ seconds: 60, scenario: 'renamed' }),
		row({ kernel: '6.12' }),
	]);
	const rows = fc.array(fc.record({ what: fc.string(), engine: fc.constantFrom('docker', 'vm') }).map(row));
	fc.assert(
		fc.property(rows, rows, (earlier, fresh) => {
			const merged = mergeMeasures(earlier, fresh);
			expect(mergeMeasures(merged, fresh)).toEqual(merged);
			expect(mergeMeasures([], merged)).toEqual(merged);
		}),
	);
});

describe('measures.json', () => {
	let path: string;
	beforeEach(async () => {
		path = join(await mkdtemp(join(tmpdir(), 'halfopen-measures-')), 'measures.json');
	});
	afterEach(() => rm(join(path, '..'), { recursive: true }));

	const rowsThere = async () => parseMeasures(await readFile(path, 'utf8'), path);

	test('keeps no duration that its scenario has not measured again', async () => {
		await addMeasures(path, [row()], []);
		await addMeasures(path, [row({ kernel: '6.12' })], []);
		await addMeasures(path, [row({ what: 'renamed' })], [row()]);
		expect(await rowsThere()).toEqual([row({ kernel: '6.12' }), row({ what: 'renamed' })]);
	});

	test('refuses what two scenarios measured, naming both, and stays as it is', async () => {
		await addMeasures(path, [row()], []);
		const twice = [row({ what: 'SYN' }), row({ what: 'SYN', scenario: 'another' })];
		await expect(addMeasures(path, twice, [row()])).rejects.toMatchObject({
			code: 'BAD_ARGUMENT',
			problem: expect.stringContaining('“SYN”'),
			seen: 'warm-up\nanother',
		});
		expect(await rowsThere()).toEqual([row()]);
	});

	test('is left alone where it is broken', async () => {
		await writeFile(path, '{}');
		await expect(addMeasures(path, [row()], [])).rejects.toMatchObject({ code: 'BAD_ARGUMENT', problem: expect.stringContaining(path) });
		expect(await readFile(path, 'utf8')).toBe('{}');
	});

	test('is read or refused, whatever it is', () => {
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
				try {
					expect(Array.isArray(parseMeasures(text, 'measures.json'))).toBe(true);
				} catch (error) {
					expect(error).toBeInstanceOf(HalfopenError);
				}
			}),
		);
	});
});
