import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { currentRun, isInRun } from './handover.ts';

const VARIABLE = 'HALFOPEN_RUN';
const before = process.env[VARIABLE];

beforeEach(() => {
	delete process.env[VARIABLE];
});

afterAll(() => {
	if (before !== undefined) process.env[VARIABLE] = before;
});

test('outside a run: RUN_MISSING, and the remedy says how to start one', () => {
	expect(isInRun()).toBe(false);
	expect(currentRun).toThrow(
		expect.objectContaining({ code: 'RUN_MISSING', remedy: expect.stringContaining('npm test -- <file>') }),
	);
});
