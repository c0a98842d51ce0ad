import { describe, expect, test } from '@jest/globals';
import { Judge } from './judge.ts';

const notes = { holds: 'the claim holds', differs: 'the claim differs' };

describe('a judge', () => {
	test('keeps each verdict with its note', () => {
		const judge = new Judge(['PZ1', 'PZ2']);
		judge.judge('PZ2', false, notes);
		judge.judge('PZ1', true, notes);
		expect(judge.verdicts).toEqual([
			{ id: 'PZ2', verdict: 'differs', note: 'the claim differs' },
			{ id: 'PZ1', verdict: 'holds', note: 'the claim holds' },
		]);
		expect(() => judge.assertComplete()).not.toThrow();
	});

	test('can leave a claim open', () => {
		const judge = new Judge(['PZ1']);
		judge.leaveOpen('PZ1');
		expect(judge.verdicts).toEqual([]);
		expect(() => judge.assertComplete()).not.toThrow();
		expect(() => judge.judge('PZ1', true, notes)).toThrow(
			expect.objectContaining({ problem: 'Claim PZ1 was judged twice.' }),
		);
	});

	test('rejects a claim that was not announced', () => {
		const judge = new Judge(['PZ1']);
		expect(() => judge.judge('PZ2', true, notes)).toThrow(
			expect.objectContaining({ code: 'CLAIM_UNEXPECTED', problem: 'Claim PZ2 was judged but not announced.' }),
		);
		expect(judge.verdicts).toEqual([]);
	});

	test('rejects a second verdict, and keeps the first', () => {
		const judge = new Judge(['PZ1']);
		judge.judge('PZ1', true, notes);
		expect(() => judge.judge('PZ1', false, notes)).toThrow(
			expect.objectContaining({ code: 'CLAIM_UNEXPECTED', problem: 'Claim PZ1 was judged twice.' }),
		);
		expect(judge.verdicts).toMatchObject([{ verdict: 'holds' }]);
	});

	test('reports all claims that were announced but not judged', () => {
		const judge = new Judge(['PZ1', 'PZ2', 'PZ3']);
		judge.judge('PZ2', true, notes);
		expect(() => judge.assertComplete()).toThrow(
			expect.objectContaining({
				code: 'CLAIM_NOT_JUDGED',
				problem: 'The scenario announced claims but did not judge them: PZ1, PZ3.',
			}),
		);
	});

	test('accepts that nothing was announced and nothing was judged', () => {
		expect(() => new Judge([]).assertComplete()).not.toThrow();
	});
});
