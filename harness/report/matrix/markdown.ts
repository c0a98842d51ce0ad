import { SOURCES } from '../../claims/catalogue.ts';
import { markdown } from '../markdown.ts';
import {
	changeSentence,
	explanationsIn,
	headline,
	headOf,
	LEGEND,
	labelOf,
	MARK,
	reasonSentence,
	scenarioOf,
	TITLE,
	troubleSentences,
	UNEXPLAINED,
} from './captions.ts';
import type { ClaimCell, ClaimGroup, ClaimRow } from './claims.ts';
import { type Column, nameOf } from './columns.ts';
import { durationsSection } from './markdown-durations.ts';
import { markdownTable } from './markdown-table.ts';
import { type Matrix, rowsOf } from './model.ts';

/**
 * Renders the matrix as Markdown: the durations, a table for each group of claims, and the notes. Claims with notes are
 * linked to them.
 */
export function renderMarkdown(matrix: Matrix): string {
	const { columns, groups } = matrix;
	const rows = rowsOf(matrix);
	const differing = rows.filter(({ differs }) => differs).map(linkOf);
	const troubles = troubleSentences(matrix);
	return [
		`# ${TITLE}`,
		`**${headline(matrix)}**${differing.length === 0 ? '.' : `: ${differing.join(', ')}.`}`,
		LEGEND,
		...(troubles.length === 0 ? [] : [troubles.map((trouble) => `- **!** ${markdown(trouble)}.`).join('\n')]),
		countsOf(columns),
		...durationsSection(matrix),
		...groups.flatMap((group) => [`## ${group.source}: ${markdown(SOURCES[group.source])}`, tableOf(group, columns)]),
		...changesOf(matrix),
		'## Notes',
		...rows.filter(({ notes }) => notes.length > 0).map((row) => notesOf(row, columns)),
	]
		.join('\n\n')
		.concat('\n');
}

function countsOf(columns: readonly Column[]): string {
	const rows = columns.map((column) => {
		const { holds, differs, notCovered } = column.count;
		return [
			markdown(headOf(column, nameOf(column))),
			...[column.passed, column.failed.length, holds, differs, notCovered].map(String),
		];
	});
	return markdownTable(
		['column', 'scenarios passed', 'failed', 'claims hold', 'differ', 'not covered'],
		rows,
		(column) => column > 0,
	);
}

function tableOf({ rows }: ClaimGroup, columns: readonly Column[]): string {
	const heads = ['id', 'claim', ...columns.map((column) => markdown(headOf(column, nameOf(column))))];
	const lines = rows.map((row) => {
		const marked = `**${MARK} ${linkOf(row)}${row.unexplained ? ` ${UNEXPLAINED}` : ''}**`;
		return [row.differs ? marked : linkOf(row), markdown(row.text), ...row.cells.map(shown)];
	});
	return markdownTable(heads, lines);
}

function shown(cell: ClaimCell): string {
	const label = labelOf(cell);
	return cell.verdict === 'differs' || cell.verdict === 'divided' ? `**${label}**` : label;
}

/** Returns its id. If it has notes, the id is linked to the anchor that GitHub gives to their heading. */
function linkOf({ id, notes }: ClaimRow): string {
	return notes.length === 0 ? id : `[${id}](#${id.toLowerCase()})`;
}

function changesOf(matrix: Matrix): string[] {
	const explanations = explanationsIn(matrix);
	if (explanations.length === 0) return [];
	return [
		'## Changes of the kernel',
		explanations.map((one) => `- **${markdown(one.change.name)}**: ${markdown(changeSentence(one))}`).join('\n'),
	];
}

function notesOf(row: ClaimRow, columns: readonly Column[]): string {
	const { id, text, notes } = row;
	const items = notes.map((note) => {
		const where = columns.filter((_, index) => note.columns.includes(index)).map(nameOf);
		return (
			`- **${note.verdict}** on ${markdown(where.join(', '))}, by “${markdown(scenarioOf(note, notes))}”: ` +
			`${markdown(note.note)}`
		);
	});
	return [
		`### ${id}`,
		`Claim: ${markdown(text)}`,
		...(row.differs ? [markdown(reasonSentence(row))] : []),
		items.join('\n'),
	].join('\n\n');
}
