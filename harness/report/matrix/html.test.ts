import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expectFile } from '../fixtures/golden.ts';
import { anyRuns } from './fixtures/arbitrary.ts';
import { sample } from './fixtures/sample.ts';
import { renderHtml } from './html.ts';
import { type Matrix, matrixOf, rowsOf } from './model.ts';

test('is the golden one', () => {
	expectFile(new URL('fixtures/sample.html', import.meta.url), renderHtml(sample(), 'table { color: inherit; }'));
});

/** The same matrix with harmless words for all that comes from files. */
function harmless({ columns, groups, unknown }: Matrix): Matrix {
	const plain = { scenario: 'scenario', note: 'note' };
	return {
		columns: columns.map((column) => ({ ...column, engine: 'engine', kernel: 'kernel' })),
		groups: groups.map(({ source, rows }) => ({
			source,
			rows: rows.map((row) => ({
				...row,
				cells: row.cells.map((cell) => ({ ...cell, judgements: cell.judgements.map((judgement) => ({ ...judgement, ...plain })) })),
				notes: row.notes.map((note) => ({ ...note, ...plain })),
			})),
		})),
		unknown: unknown.map(() => 'id'),
	};
}

/** All that is markup, without the values of titles. */
const markup = (html: string) => (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/ title="[^"]*"/, ' title'));
const unescaped = (html: string) => html.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));

test('whatever is in the rows is text: it adds no markup, and is there as it was', () => {
	fc.assert(
		fc.property(anyRuns, (runs) => {
			const matrix = matrixOf(runs);
			const html = renderHtml(matrix, '');
			expect(markup(html)).toEqual(markup(renderHtml(harmless(matrix), '')));
			const text = unescaped(html);
			for (const { notes } of rowsOf(matrix)) for (const { scenario, note } of notes) expect(text).toContain(`by “${scenario}”: ${note}`);
			for (const { engine, kernel } of matrix.columns) expect(text).toContain(`${engine}<br>${kernel}`);
		}),
	);
});
