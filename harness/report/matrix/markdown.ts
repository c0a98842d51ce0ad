import { SOURCES } from '../../claims/catalogue.ts';
import { markdown } from '../markdown.ts';
import { type Cell, type Column, type Group, type Matrix, type Row, rowsOf } from './model.ts';
import { headline, LEGEND, labelOf, leftOut, MARK, nameOf, TITLE } from './words.ts';

/** The matrix as Markdown: a table for each group, and below them the notes, to which each claim that has some is linked. */
export function renderMarkdown(matrix: Matrix): string {
	const { columns, groups } = matrix;
	const rows = rowsOf(matrix);
	const differing = rows.filter(({ differs }) => differs).map(linkOf);
	const unknown = leftOut(matrix);
	return [
		`# ${TITLE}`,
		`**${headline(matrix)}**${differing.length === 0 ? '.' : `: ${differing.join(', ')}.`}`,
		LEGEND,
		...(unknown === undefined ? [] : [`${markdown(unknown)}.`]),
		countsOf(columns),
		...groups.flatMap((group) => [`## ${group.source}: ${markdown(SOURCES[group.source])}`, tableOf(group, columns)]),
		'## Notes',
		...rows.filter(({ notes }) => notes.length > 0).map((row) => notesOf(row, columns)),
	]
		.join('\n\n')
		.concat('\n');
}

function countsOf(columns: readonly Column[]): string {
	const lines = columns.map((column) => {
		const { holds, differs, notCovered } = column.count;
		return line([markdown(nameOf(column)), String(holds), String(differs), String(notCovered)]);
	});
	return ['| column | holds | differs | not covered |', '|---|--:|--:|--:|', ...lines].join('\n');
}

function tableOf({ rows }: Group, columns: readonly Column[]): string {
	const heads = ['id', 'claim', ...columns.map((column) => markdown(nameOf(column)))];
	const lines = rows.map((row) => line([row.differs ? `**${MARK} ${linkOf(row)}**` : linkOf(row), markdown(row.text), ...row.cells.map(shown)]));
	return [line(heads), `|${'---|'.repeat(heads.length)}`, ...lines].join('\n');
}

function shown(cell: Cell): string {
	const label = labelOf(cell);
	return cell.verdict === 'differs' || cell.verdict === 'divided' ? `**${label}**` : label;
}

/** Its id; where it has notes, linked to the anchor that forges make of their heading. */
function linkOf({ id, notes }: Row): string {
	return notes.length === 0 ? id : `[${id}](#${id.toLowerCase()})`;
}

function notesOf({ id, text, notes }: Row, columns: readonly Column[]): string {
	const items = notes.map((note) => {
		const where = columns.filter((_, place) => note.columns.includes(place)).map(nameOf);
		return `- **${note.verdict}** on ${markdown(where.join(', '))}, by “${markdown(note.scenario)}”: ${markdown(note.note)}`;
	});
	return [`### ${id}`, `Claim: ${markdown(text)}`, items.join('\n')].join('\n\n');
}

function line(cells: readonly string[]): string {
	return `| ${cells.join(' | ')} |`;
}
