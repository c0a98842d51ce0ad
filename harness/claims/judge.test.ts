import { describe, expect, test } from '@jest/globals';
import { Judge } from './judge.ts';

const notes = { holds: 'it was so', differs: 'it was otherwise' };

describe('a judge', () => {
	test('keeps each verdict with the note for it', () => {
		const judge = new Judge(['PZ1', 'PZ2']);
		judge.judge('PZ2', false, notes);
		judge.judge('PZ1', true, notes);
		expect(judge.verdicts).toEqual([
			{ id: 'PZ2', verdict: 'differs', note: 'it was otherwise' },
			{ id: 'PZ1', verdict: 'holds', note: 'it was so' },
		]);
		expect(() => judge.assertComplete()).not.toThrow();
	});

	test('may leave a claim open that cannot be judged here', () => {
		const judge = new Judge(['PZ1']);
		judge.leaveOpen('PZ1');
		expect(judge.verdicts).toEqual([]);
		expect(() => judge.assertComplete()).not.toThrow();
		expect(() => judge.judge('PZ1', true, notes)).toThrow(
			expect.objectContaining({ problem: 'Claim PZ1 was judged twice.' }),
		);
	});

	test('refuses a claim that was not announced', () => {
		const judge = new Judge(['PZ1']);
		expect(() => judge.judge('PZ2', true, notes)).toThrow(
			expect.objectContaining({ code: 'CLAIM_UNEXPECTED', problem: 'Claim PZ2 was judged but not announced.' }),
		);
		expect(judge.verdicts).toEqual([]);
	});

	test('refuses a second verdict, and keeps the first', () => {
		const judge = new Judge(['PZ1']);
		judge.judge('PZ1', true, notes);
		expect(() => judge.judge('PZ1', false, notes)).toThrow(
			expect.objectContaining({ code: 'CLAIM_UNEXPECTED', problem: 'Claim PZ1 was judged twice.' }),
		);
		expect(judge.verdicts).toMatchObject([{ verdict: 'holds' }]);
	});

	test('misses what was announced and not judged, all of it', () => {
		const judge = new Judge(['PZ1', 'PZ2', 'PZ3']);
		judge.judge('PZ2', true, notes);
		expect(() => judge.assertComplete()).toThrow(
			expect.objectContaining({
				code: 'CLAIM_NOT_JUDGED',
				problem: 'The scenario announced claims and did not judge them: PZ1, PZ3.',
			}),
		);
	});

	test('of nothing is content with nothing', () => {
		expect(() => new Judge([]).assertComplete()).not.toThrow();
	});
});
