import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { powerOffTimeline } from '../report/ladder/fixtures/timelines.ts';
import { CLAIMS, isClaimId } from './catalogue.ts';
import { countClaims, mergeVerdicts, type VerdictRow, verdictsOf } from './verdicts.ts';

const row = (changes: Partial<VerdictRow> = {}): VerdictRow => ({
	id: 'PZ8',
	verdict: 'holds',
	spec: 'specs/puzzlers/power-off.spec.ts',
	scenario: 'power off',
	engine: 'docker',
	kernel: '6.18.44',
	note: 'seen',
	...changes,
});

describe('merging verdicts', () => {
	test('keeps the last note of the same verdict', () => {
		expect(mergeVerdicts([row(), row({ note: 'new' })])).toEqual([row({ note: 'new' })]);
	});

	test('keeps other verdicts, and those of other claims, spec files, scenarios, engines and kernels', () => {
		const others = [
			row({ verdict: 'differs' }),
			row({ spec: 'specs/puzzlers/half-open.spec.ts' }),
			row({ scenario: 'another' }),
			row({ engine: 'vm' }),
			row({ kernel: '4.19' }),
			row({ id: 'PZ9' }),
		];
		const merged = mergeVerdicts([...others, row()]);
		expect(merged).toHaveLength(7);
		expect(merged).toEqual(expect.arrayContaining([...others, row()]));
	});

	test("sorts by the catalogue's order, unknown ids last", () => {
		const ids = mergeVerdicts([row({ id: 'KH-sum' }), row({ id: 'XX1' }), row({ id: 'PZ10' }), row({ id: 'PZ9' })]).map(
			({ id }) => id,
		);
		expect(ids).toEqual(['PZ9', 'PZ10', 'KH-sum', 'XX1']);
	});

	test('changes nothing the second time', () => {
		const rows = fc.array(
			fc.record({
				id: fc.constantFrom(...Object.keys(CLAIMS)),
				verdict: fc.constantFrom('holds' as const, 'differs' as const),
				spec: fc.constantFrom('specs/a.spec.ts', 'specs/b.spec.ts'),
				scenario: fc.string(),
				engine: fc.constantFrom('docker', 'vm'),
				kernel: fc.constantFrom('4.19', '6.18'),
				note: fc.string(),
			}),
		);
		fc.assert(
			fc.property(rows, rows, (earlier, fresh) => {
				const merged = mergeVerdicts([...earlier, ...fresh]);
				expect(mergeVerdicts([...merged, ...fresh])).toEqual(merged);
				expect(mergeVerdicts(merged)).toEqual(merged);
			}),
		);
	});
});

describe('verdictsOf', () => {
	test('returns the verdicts of the timeline', () => {
		expect(verdictsOf(powerOffTimeline())[0]).toEqual({
			id: 'PZ8',
			verdict: 'holds',
			spec: powerOffTimeline().spec,
			scenario: 'power off: the peer never comes back',
			engine: 'docker',
			kernel: '6.18.44',
			note: 'write returned 22, read failed with ETIMEDOUT 13.2 s later',
		});
	});

	test('returns nothing if the scenario failed', () => {
		expect(verdictsOf({ ...powerOffTimeline(), outcome: 'failed' })).toEqual([]);
	});
});

describe('the catalogue', () => {
	test('counts each claim once; it differs if scenarios disagree on it', () => {
		const all = Object.keys(CLAIMS).length;
		expect(countClaims([])).toEqual({ holds: 0, differs: 0, notCovered: all });
		const rows = [row(), row({ scenario: 'another', verdict: 'differs' }), row({ id: 'PZ9' }), row({ id: 'no claim' })];
		expect(countClaims(rows)).toEqual({ holds: 1, differs: 1, notCovered: all - 2 });
	});

	test('recognizes its ids, and no others', () => {
		expect(isClaimId('KH-idle1')).toBe(true);
		expect(isClaimId('toString')).toBe(false);
	});
});
