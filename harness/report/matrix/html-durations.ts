import { escapeHtml } from '../page/embed.ts';
import { briefNames, DURATIONS_LEGEND, headOf, MARK, reasonOf, secondsOf } from './captions.ts';
import { type Column, nameOf } from './columns.ts';
import { type Duration, isCompared } from './durations.ts';
import type { Matrix } from './model.ts';

/**
 * All durations as a table: what was measured, a cell for each column, and why they differ. Empty where nothing was
 * measured.
 */
export function durationsOfHtml({ columns, durations }: Matrix): string {
	if (durations.length === 0) return '';
	const names = briefNames(columns);
	const heads = columns.map(
		(column, place) =>
			`<th scope="col" title="${escapeHtml(nameOf(column))}">${escapeHtml(headOf(column, names[place] ?? ''))}</th>`,
	);
	return `<h2>Durations</h2>
<p class="facts">${escapeHtml(DURATIONS_LEGEND)}</p>
<table class="durations">
<thead><tr><th scope="col">seconds</th>${heads.join('')}<th scope="col">because of</th></tr></thead>
<tbody>
${durations.map((row) => rowOf(row, columns)).join('\n')}
</tbody>
</table>
`;
}

function rowOf(row: Duration, columns: readonly Column[]): string {
	const cells = columns.map((_, place) => `<td>${secondsOf(row.cells[place])}</td>`);
	const [marked, head] = row.differs ? [' class="marked"', `${MARK} ${row.what}`] : ['', row.what];
	const reason = isCompared(row) ? reasonOf(row) : 'measured in one column only';
	return `<tr${marked}><th scope="row">${escapeHtml(head)}</th>${cells.join('')}<td>${escapeHtml(reason)}</td></tr>`;
}
