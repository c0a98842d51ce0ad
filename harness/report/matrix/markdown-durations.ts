import { markdown } from '../markdown.ts';
import { briefNames, DURATIONS_LEGEND, headOf, MARK, reasonOf, secondsOf } from './captions.ts';
import { type Column, nameOf } from './columns.ts';
import { isCompared } from './durations.ts';
import { markdownTable } from './markdown-table.ts';
import type { Matrix } from './model.ts';

/**
 * All that was measured in more than one column, as a table of Markdown without a link, so that it can stand anywhere;
 * columns in which nothing of that was measured are left out. Undefined where there is nothing to compare. With `names`
 * it has these rows only, each as it is in the whole table.
 */
export function durationsTable({ columns, durations }: Matrix, names?: readonly string[]): string | undefined {
	const compared = durations.filter(isCompared);
	const wanted = compared.filter(({ what }) => names === undefined || names.includes(what));
	if (wanted.length === 0) return undefined;
	const heads = briefNames(columns);
	const shown = columns.flatMap((column, place) =>
		compared.some(({ cells }) => cells[place] !== undefined) ? [{ column, place }] : [],
	);
	const head = [
		'seconds',
		...shown.map(({ column, place }) => markdown(headOf(column, heads[place] ?? nameOf(column)))),
		'because of',
	];
	const rows = wanted.map((row) => [
		row.differs ? `**${MARK} ${markdown(row.what)}**` : markdown(row.what),
		...shown.map(({ place }) => secondsOf(row.cells[place])),
		markdown(reasonOf(row)),
	]);
	return markdownTable(head, rows, (column) => column > 0 && column <= shown.length);
}

/** The section of all durations: nothing where there is none. */
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
		.flatMap((column, place) =>
			cells[place] === undefined ? [] : [`${secondsOf(cells[place])} s on ${markdown(nameOf(column))}`],
		)
		.join(', ');
}
