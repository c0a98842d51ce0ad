import { describe, expect, jest, test } from '@jest/globals';
import { needing } from './fixtures/needing.ts';

describe('what a test needs', () => {
	const need = { what: 'cpio', isAvailable: false, remedy: 'npm run setup -- --vm' };

	test('is here: nothing is skipped, in CI neither', () => {
		for (const environment of [{}, { CI: 'true' }]) {
			const tests = needing({ ...need, isAvailable: true }, environment);
			expect(tests.test).toBe(test);
			expect(tests.describe).toBe(describe);
		}
	});

	test.each([{}, { CI: 'false' }])('is not here: skipped, which is said with what to do (%j)', (environment) => {
		const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
		try {
			expect(needing(need, environment)).toEqual({ test: test.skip, describe: describe.skip });
			expect(said.mock.calls).toEqual([['skipped: tests that need cpio; to do: npm run setup -- --vm\n']]);
		} finally {
			said.mockRestore();
		}
	});

	test('is not here, in CI: that is a failure', () => {
		const inCi = () => needing(need, { CI: 'true' });
		expect(inCi).toThrow(expect.objectContaining({ code: 'TOOL_MISSING', remedy: need.remedy }));
	});
});
