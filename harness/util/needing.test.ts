import { describe, expect, jest, test } from '@jest/globals';
import { needing } from './fixtures/needing.ts';

describe('a tool that tests need', () => {
	const need = { what: 'cpio', isAvailable: false, remedy: 'npm run setup -- --vm' };

	test('is available: nothing is skipped, neither locally nor in CI', () => {
		for (const environment of [{}, { CI: 'true' }]) {
			const tests = needing({ ...need, isAvailable: true }, environment);
			expect(tests.test).toBe(test);
			expect(tests.describe).toBe(describe);
		}
	});

	test.each([{}, { CI: 'false' }])(
		'is missing: the tests are skipped, and the reason and remedy are printed (%j)',
		(environment) => {
			const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
			try {
				expect(needing(need, environment)).toEqual({ test: test.skip, describe: describe.skip });
				expect(written.mock.calls).toEqual([['skipped: tests that need cpio; to do: npm run setup -- --vm\n']]);
			} finally {
				written.mockRestore();
			}
		},
	);

	test('is missing in CI: an error is thrown', () => {
		const inCi = () => needing(need, { CI: 'true' });
		expect(inCi).toThrow(expect.objectContaining({ code: 'TOOL_MISSING', remedy: need.remedy }));
	});
});
