import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expectFile } from '../fixtures/golden.ts';
import { isCompared } from './durations.ts';
import { anyChanges, anyGathered } from './fixtures/arbitrary.ts';
import { sample } from './fixtures/sample.ts';
import { renderMarkdown } from './markdown.ts';
import { durationsTable } from './markdown-durations.ts';
import { matrixOf, rowsOf } from './model.ts';

/** How many cells a line of a table has. */
const cellsIn = (line: string) => line.replace(/\\./g, '').split('|').length - 2;

test('is the golden one', () => {
	expectFile(new URL('fixtures/sample.md', import.meta.url), renderMarkdown(sample()));
});

test('whatever is in the rows: no table breaks, no cell gets lost, no HTML gets in, and each note is one line', () => {
	fc.assert(
		fc.property(anyGathered, anyChanges, (gathered, changes) => {
			const matrix = matrixOf(gathered, changes);
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

test('the durations are a table without a link, of what was measured more than once', () => {
	fc.assert(
		fc.property(anyGathered, anyChanges, (gathered, changes) => {
			const matrix = matrixOf(gathered, changes);
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
