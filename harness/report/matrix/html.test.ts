import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expectFile } from '../fixtures/golden.ts';
import type { Change } from './changes.ts';
import type { Comparison } from './comparison.ts';
import { anyChanges, anyGathered } from './fixtures/arbitrary.ts';
import { sample } from './fixtures/sample.ts';
import { renderHtml } from './html.ts';
import { type Matrix, matrixOf, rowsOf } from './model.ts';

test('is the golden one', () => {
	expectFile(new URL('fixtures/sample.html', import.meta.url), renderHtml(sample(), 'table { color: inherit; }'));
});

/** The same matrix with harmless words for all that comes from files. */
function harmless({ specs, columns, groups, durations, unknown, gone, troubles }: Matrix): Matrix {
	const plain = { scenario: 'scenario', note: 'note' };
	const changes = new Map<Change, Change>();
	const harmlessChange = (change: Change) => {
		if (!changes.has(change)) changes.set(change, { ...change, name: 'name', commit: 'commit', effect: 'effect' });
		return changes.get(change) ?? change;
	};
	const explained = <Row extends Comparison>(row: Row) => ({
		...row,
		because: row.because.map(harmlessChange),
		idle: row.idle.map(harmlessChange),
	});
	return {
		specs,
		columns: columns.map((column) => ({
			...column,
			engine: 'engine',
			kernel: 'kernel',
			failed: column.failed.map(() => 'scenario'),
		})),
		groups: groups.map(({ source, rows }) => ({
			source,
			rows: rows.map((row) => ({
				...explained(row),
				cells: row.cells.map((cell) => ({
					...cell,
					judgements: cell.judgements.map((judgement) => ({ ...judgement, ...plain })),
				})),
				notes: row.notes.map((note) => ({ ...note, ...plain })),
			})),
		})),
		durations: durations.map((row) => ({ ...explained(row), what: 'what' })),
		unknown: unknown.map(() => 'id'),
		gone: gone.map(() => 'spec'),
		troubles: troubles.map(() => 'trouble'),
	};
}

/** All that is markup, without the values of titles. */
const markup = (html: string) => (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/ title="[^"]*"/, ' title'));
const unescaped = (html: string) => html.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));

test('whatever is in the rows is text: it adds no markup, and is there as it was', () => {
	fc.assert(
		fc.property(anyGathered, anyChanges, (gathered, changes) => {
			const matrix = matrixOf(gathered, changes);
			const html = renderHtml(matrix, '');
			expect(markup(html)).toEqual(markup(renderHtml(harmless(matrix), '')));
			const text = unescaped(html);
			for (const { notes } of rowsOf(matrix))
				for (const { scenario, note } of notes) expect(text).toContain(`by “${scenario}”: ${note}`);
			for (const { engine, kernel } of matrix.columns) expect(text).toContain(`${engine}<br>${kernel}`);
			for (const { what } of matrix.durations) expect(text).toContain(`${what}</th>`);
			for (const { what } of gathered.troubles) expect(text).toContain(what);
		}),
	);
});
