import { markdown } from '../markdown.ts';
import { briefNames, DURATIONS_LEGEND, headOf, MARK, reasonOf, secondsOf } from './captions.ts';
import { type Column, nameOf } from './columns.ts';
import { isCompared } from './durations.ts';
import { markdownTable } from './markdown-table.ts';
import type { Matrix } from './model.ts';

/**
 * Returns a Markdown table of the durations that were measured in more than one column, or undefined if there are none.
 * Columns without such a duration are left out. The table has no links, so that other files can contain it. With
 * `names`, it has only these rows, each as in the whole table.
 */
export function durationsTable({ columns, durations }: Matrix, names?: readonly string[]): string | undefined {
	const compared = durations.filter(isCompared);
	const wanted = compared.filter(({ what }) => names === undefined || names.includes(what));
	if (wanted.length === 0) return undefined;
	const heads = briefNames(columns);
	const shown = columns.flatMap((column, index) =>
		compared.some(({ cells }) => cells[index] !== undefined) ? [{ column, index }] : [],
	);
	const head = [
		'seconds',
		...shown.map(({ column, index }) => markdown(headOf(column, heads[index] ?? nameOf(column)))),
		'because of',
	];
	const rows = wanted.map((row) => [
		row.differs ? `**${MARK} ${markdown(row.what)}**` : markdown(row.what),
		...shown.map(({ index }) => secondsOf(row.cells[index])),
		markdown(reasonOf(row)),
	]);
	return markdownTable(head, rows, (column) => column > 0 && column <= shown.length);
}

/** Returns the section of all durations. Empty if there are none. */
export function durationsSection(matrix: Matrix): string[] {
	if (matrix.durations.length === 0) return [];
	const table = durationsTable(matrix);
	const others = matrix.durations
		.filter((row) => !isCompared(row))
		.map((row) => `- ${markdown(row.what)}: ${onlyOne(row.cells, matrix.columns)}`);
	return [
		'## Durations',
		markdown(DURATIONS_LEGEND),
		...(table === undefined ? [] : [table]),
		...(others.length === 0 ? [] : ['Measured in one column only:', others.join('\n')]),
	];
}

function onlyOne(cells: readonly (number | undefined)[], columns: readonly Column[]): string {
	return columns
		.flatMap((column, index) =>
			cells[index] === undefined ? [] : [`${secondsOf(cells[index])} s on ${markdown(nameOf(column))}`],
		)
		.join(', ');
}
