import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expectFile } from '../fixtures/golden.ts';
import { isCompared } from './durations.ts';
import { anyChanges, anyInput } from './fixtures/arbitrary.ts';
import { sample } from './fixtures/sample.ts';
import { renderMarkdown } from './markdown.ts';
import { durationsTable } from './markdown-durations.ts';
import { matrixOf, rowsOf } from './model.ts';

/** Returns the number of cells in a line of a table. */
const cellsIn = (line: string) => line.replace(/\\./g, '').split('|').length - 2;

test('matches the golden file', () => {
	expectFile(new URL('fixtures/sample.md', import.meta.url), renderMarkdown(sample()));
});

test('for any rows, tables are intact, no cell is missing, there is no HTML, and each note is one line', () => {
	fc.assert(
		fc.property(anyInput, anyChanges, (input, changes) => {
			const matrix = matrixOf(input, changes);
			const whole = renderMarkdown(matrix);
			const [overview = '', notes = ''] = whole.split('\n## Notes\n');
			const claims = overview.slice(overview.indexOf('\n## PZ')).split('\n');
			const rows = claims.filter((line) => /^\| (\*\*≠ )?(\[|[A-Z])/.test(line));
			expect(rows).toHaveLength(rowsOf(matrix).length);
			for (const row of rows) expect(cellsIn(row)).toBe(2 + matrix.columns.length);
			expect(notes.split('\n').filter((line) => line.startsWith('- '))).toHaveLength(
				rowsOf(matrix).flatMap((row) => row.notes).length,
			);
			expect(whole.replace(/\\./g, '')).not.toMatch(/[<>`]/);
		}),
	);
});

test('the table of durations has no links, and only durations with several measurements', () => {
	fc.assert(
		fc.property(anyInput, anyChanges, (input, changes) => {
			const matrix = matrixOf(input, changes);
			const compared = matrix.durations.filter(isCompared);
			const table = durationsTable(matrix);
			expect(table === undefined).toBe(compared.length === 0);
			if (table === undefined) return;
			const [head = '', rule = '', ...rows] = table.split('\n');
			expect(rows).toHaveLength(compared.length);
			for (const line of [rule, ...rows]) expect(cellsIn(line)).toBe(cellsIn(head));
			expect(table.replace(/\\./g, '')).not.toMatch(/[[<]/);
		}),
	);
});
