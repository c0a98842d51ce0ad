import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { briefNames, reasonOf, secondsOf } from './captions.ts';
import type { Change } from './changes.ts';
import { durationsOf, isCompared } from './durations.ts';
import { anyResults } from './fixtures/arbitrary.ts';
import { matrixOf } from './model.ts';

const kernels = ['5.10.259', '6.1.180', '6.12.9', '6.18.44', '7.2.12'];
const columns = kernels.map((kernel) => ({ engine: 'vm', kernel }));
const linear: Change = { name: 'linear', since: '6.5', commit: '', effect: '', claims: [], durations: ['SYN'] };

function measured(what: string, quiet: number, ...seconds: readonly number[]) {
	const rows = seconds.map((each, index) => ({
		what,
		quiet,
		seconds: each,
		scenario: 'one',
		engine: 'vm',
		kernel: kernels[index] ?? '',
	}));
	const [duration] = durationsOf(rows, columns, [linear]);
	if (duration === undefined) throw new Error('nothing was measured');
	return duration;
}

describe('durations measured on five kernels', () => {
	test.each([
		['an answer that does not come', 120, [937.8, 939.7, 939.7, 939.7, 937.7]],
		['keepalive 7200/75/9', 7_200, [7_896, 7_995, 7_995, 7_995, 7_995]],
		['TIME-WAIT', 60, [61.3, 61.3, 61.3, 60.1, 61.3]],
	] as const)('%s does not differ, because the timer wheel explains the spread', (what, quiet, seconds) => {
		expect(measured(what, quiet, ...seconds)).toMatchObject({ differs: false, unexplained: false });
	});

	test('an unanswered SYN times out later since 6.5, which the wheel does not explain', () => {
		const duration = measured('SYN', 64, 130.9, 130.8, 134.8, 134.8, 134.9);
		expect(duration).toMatchObject({ differs: true, unexplained: false });
		expect(reasonOf(duration)).toBe('linear (6.5)');
		expect(reasonOf(measured('SYN of another', 64, 130.9, 130.8, 134.8))).toBe('unexplained');
	});

	test('durations with short timers differ if they are more than a second apart, however long they are', () => {
		expect(measured('short', 0.2, 0.2, 1.3).differs).toBe(true);
		expect(measured('short', 0.2, 0.2, 1.1).differs).toBe(false);
		expect(measured('long', 1, 1_000, 1_000.9).differs).toBe(false);
		expect(measured('long', 1, 1_000, 1_001.1).differs).toBe(true);
	});

	test('durations differ if they are nine seconds apart and the wheel explains two', () => {
		expect(measured('an answer that does not come', 120, 930.3, 939.7).differs).toBe(true);
	});
});

describe('with another engine, whose kernel may have another HZ', () => {
	const row = (engine: string, kernel: string, seconds: number) => ({
		what: 'SYN',
		quiet: 64,
		seconds,
		scenario: 'one',
		engine,
		kernel,
	});
	const docker = (seconds: number) => row('docker', '6.18.44', seconds);
	const differs = (...rows: ReturnType<typeof row>[]) => durationsOf(rows, rows, [linear])[0]?.differs;

	test('durations do not differ if the wheel of any HZ explains it', () => {
		expect(differs(docker(65.6), row('vm', '6.18.44', 60.1))).toBe(false);
		expect(differs(docker(66.1), row('vm', '6.18.44', 60.1))).toBe(true);
	});

	test('the kernels of guests are still compared with Debian’s HZ', () => {
		expect(differs(docker(132), row('vm', '6.1.180', 130.9), row('vm', '6.12.9', 134.8))).toBe(true);
	});
});

test('a duration that was measured in one column only is not compared', () => {
	expect(isCompared(measured('TIME-WAIT', 60, 61.3))).toBe(false);
	expect(isCompared(measured('TIME-WAIT', 60, 61.3, 61.3))).toBe(true);
});

test('for any measurements, every duration has one row, and each cell has the last value', () => {
	fc.assert(
		fc.property(anyResults, ({ measures }) => {
			const matrix = matrixOf({ specs: [], results: [{ verdicts: [], measures, runs: [] }], troubles: [] });
			expect(matrix.durations.map(({ what }) => what)).toEqual(
				[...new Set(measures.map(({ what }) => what))].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
			);
			for (const { what, cells } of matrix.durations)
				for (const [index, { engine, kernel }] of matrix.columns.entries()) {
					const last = measures.findLast((row) => row.what === what && row.engine === engine && row.kernel === kernel);
					expect(cells[index]).toBe(last?.seconds);
				}
		}),
	);
});

test('seconds have one decimal place or three, and columns the shortest names that are unique', () => {
	expect([0.0412, 0.2, 9.9996, 61.25, 7_995, undefined].map(secondsOf)).toEqual([
		'0.041',
		'0.200',
		'10.000',
		'61.3',
		'7995.0',
		'',
	]);
	const column = (engine: string, kernel: string) => ({
		engine,
		kernel,
		count: { holds: 0, differs: 0, notCovered: 0 },
		passed: 0,
		failed: [],
		isBroken: false,
		missing: [],
	});
	expect(
		briefNames([
			column('docker', '6.18.44'),
			column('vm', '6.1.0-50-cloud'),
			column('vm', '6.12.1'),
			column('vm', '6.12.2'),
			column('vm', 'mine'),
		]),
	).toEqual(['docker 6.18', 'vm 6.1', 'vm 6.12.1', 'vm 6.12.2', 'vm mine']);
});
