import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expectFile } from '../fixtures/golden.ts';
import { anyRuns } from './fixtures/arbitrary.ts';
import { sample } from './fixtures/sample.ts';
import { renderMarkdown } from './markdown.ts';
import { matrixOf, rowsOf } from './model.ts';

test('is the golden one', () => {
	expectFile(new URL('fixtures/sample.md', import.meta.url), renderMarkdown(sample()));
});

test('whatever is in the rows: no table breaks, no cell gets lost, no HTML gets in, and each note is one line', () => {
	fc.assert(
		fc.property(anyRuns, (runs) => {
			const matrix = matrixOf(runs);
			const [overview = '', notes = ''] = renderMarkdown(matrix).split('\n## Notes\n');
			const lines = overview.split('\n');
			const claims = lines.filter((line) => /^\| (\*\*≠ )?(\[|[A-Z])/.test(line));
			expect(claims).toHaveLength(rowsOf(matrix).length);
			for (const line of claims) expect(line.replace(/\\./g, '').split('|')).toHaveLength(2 + 2 + matrix.columns.length);
			expect(notes.split('\n').filter((line) => line.startsWith('- '))).toHaveLength(rowsOf(matrix).flatMap((row) => row.notes).length);
			expect(`${overview}${notes}`.replace(/\\./g, '')).not.toMatch(/[<>`]/);
		}),
	);
});
