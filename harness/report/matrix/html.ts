import { SOURCES } from '../../claims/catalogue.ts';
import { escapeHtml } from '../page/embed.ts';
import {
	changeSentence,
	explanationsIn,
	headline,
	LEGEND,
	labelOf,
	MARK,
	reasonSentence,
	stateOf,
	TITLE,
	troubleSentences,
} from './captions.ts';
import type { ClaimCell, ClaimGroup, ClaimRow } from './claims.ts';
import { type Column, nameOf } from './columns.ts';
import { durationsOfHtml } from './html-durations.ts';
import { type Matrix, rowsOf } from './model.ts';

/** As the page over all scenarios colours them. */
const CLASSES: Readonly<Record<ClaimCell['verdict'], string>> = {
	holds: 'good',
	differs: 'other',
	divided: 'other',
	'not covered': 'none',
};

/**
 * The matrix as HTML: one file that needs no other, no script and no network, and says so to the browser. A cell's
 * notes are shown by pointing at it, and those of all cells of a claim by unfolding them below its text.
 */
export function renderHtml(matrix: Matrix, style: string): string {
	const { columns, groups } = matrix;
	const differing = rowsOf(matrix).filter(({ differs }) => differs);
	const links = differing.map(({ id }) => `<a href="#${escapeHtml(id)}">${escapeHtml(id)}</a>`).join(', ');
	const troubles = troubleSentences(matrix).map((trouble) => `<p class="loss">${escapeHtml(trouble)}</p>\n`);
	return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>halfopen: ${TITLE.toLowerCase()}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${TITLE}</h1></header>
<main>
<p><strong>${headline(matrix)}</strong>${links === '' ? '' : `: ${links}`}</p>
<p class="facts">${LEGEND}</p>
${troubles.join('')}${durationsOfHtml(matrix)}<h2>Claims</h2>
<table class="matrix">
<thead>
<tr><th scope="col">id</th><th scope="col">claim</th>${columns.map(headOf).join('')}</tr>
</thead>
<tbody class="facts"><tr><th scope="row" colspan="2">all claims</th>${columns.map(countOf).join('')}</tr></tbody>
${groups.map((group) => groupOf(group, columns)).join('\n')}
</table>
${changesOf(matrix)}</main>
</body>
</html>
`;
}

function headOf(column: Column): string {
	const state = stateOf(column);
	return (
		'<th ' +
		`scope="col">${escapeHtml(column.engine)}<br>${escapeHtml(column.kernel)}${state === '' ? '' : `<br>${state}`}</th>`
	);
}

function countOf({ passed, failed, count: { holds, differs, notCovered } }: Column): string {
	const scenarios = `${passed} scenarios passed<br>${failed.length} failed<br>`;
	return `<td>${scenarios}${holds} claims hold<br>${differs} differ<br>${notCovered} not covered</td>`;
}

function groupOf({ source, rows }: ClaimGroup, columns: readonly Column[]): string {
	const head = `<th scope="colgroup" colspan="${2 + columns.length}">${source}: ${escapeHtml(SOURCES[source])}</th>`;
	return [`<tbody class="group"><tr>${head}</tr></tbody>`, ...rows.map((row) => bodyOf(row, columns))].join('\n');
}

/** A claim: a line of cells, and one for the notes, which so have the whole width. */
function bodyOf(row: ClaimRow, columns: readonly Column[]): string {
	const id = escapeHtml(row.id);
	const [marked, head] = row.differs ? [' class="marked"', `${MARK} ${id}`] : ['', id];
	return `<tbody id="${id}"${marked}>
<tr><th scope="row" rowspan="2">${head}</th><td>${escapeHtml(row.text)}</td>${row.cells.map(cellOf).join('')}</tr>
<tr><td class="notes" colspan="${1 + columns.length}">${row.differs ? `<p>${escapeHtml(reasonSentence(row))}</p>` : ''}${notesOf(row, columns)}</td></tr>
</tbody>`;
}

function cellOf(cell: ClaimCell): string {
	const notes = cell.judgements
		.map(({ verdict, scenario, note }) => `${verdict}, by “${scenario}”: ${note}`)
		.join('\n');
	return (
		'<td ' +
		`class="${CLASSES[cell.verdict]}"${notes === '' ? '' : ` title="${escapeHtml(notes)}"`}>${labelOf(cell)}</td>`
	);
}

function notesOf({ notes }: ClaimRow, columns: readonly Column[]): string {
	if (notes.length === 0) return '';
	const items = notes.map((note) => {
		const where = columns.filter((_, place) => note.columns.includes(place)).map(nameOf);
		return (
			`<li><b class="${CLASSES[note.verdict]}">${note.verdict}</b> on ` +
			`${escapeHtml(`${where.join(', ')}, by “${note.scenario}”: ${note.note}`)}</li>`
		);
	});
	return `<details><summary>${notes.length === 1 ? '1 note' : `${notes.length} notes`}</summary><ul>${items.join('')}</ul></details>`;
}

function changesOf(matrix: Matrix): string {
	const items = explanationsIn(matrix).map(
		(one) => `<li><b>${escapeHtml(one.change.name)}</b>: ${escapeHtml(changeSentence(one))}</li>\n`,
	);
	return items.length === 0 ? '' : `<h2>Changes of the kernel</h2>\n<ul>\n${items.join('')}</ul>\n`;
}
