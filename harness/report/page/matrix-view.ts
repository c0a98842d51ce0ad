import { SOURCES } from '../../claims/catalogue.ts';
import {
	briefNames,
	changeSentence,
	DURATIONS_LEGEND,
	explanationsIn,
	headline,
	headOf,
	LEGEND,
	labelOf,
	MARK,
	reasonOf,
	reasonSentence,
	scenarioOf,
	secondsOf,
	stateOf,
	TITLE,
	troubleSentences,
} from '../matrix/captions.ts';
import type { ClaimRow } from '../matrix/claims.ts';
import type { Column } from '../matrix/columns.ts';
import { type Duration, isCompared } from '../matrix/durations.ts';
import type { Matrix } from '../matrix/model.ts';
import type { ClaimView, ColumnView, DurationView, MatrixView } from './data.ts';

/** Returns the page's data about a matrix: the same facts and texts as in matrix.md. */
export function matrixView(matrix: Matrix): MatrixView {
	const briefs = briefNames(matrix.columns);
	return {
		title: TITLE,
		headline: headline(matrix),
		legend: LEGEND,
		mark: MARK,
		troubles: troubleSentences(matrix),
		columns: matrix.columns.map((column, index) => columnView(column, briefs[index] ?? '')),
		durationsLegend: DURATIONS_LEGEND,
		durations: matrix.durations.map(durationView),
		groups: matrix.groups.map(({ source, rows }) => ({
			title: `${source}: ${SOURCES[source]}`,
			claims: rows.map(claimView),
		})),
		changes: explanationsIn(matrix).map((explanation) => ({
			name: explanation.change.name,
			text: changeSentence(explanation),
		})),
	};
}

function columnView(column: Column, brief: string): ColumnView {
	const { engine, kernel, passed, failed, count } = column;
	return {
		engine,
		kernel,
		brief: headOf(column, brief),
		state: stateOf(column),
		counts: [
			`${passed} scenarios passed`,
			`${failed.length} failed`,
			`${count.holds} claims hold`,
			`${count.differs} differ`,
			`${count.notCovered} not covered`,
		],
	};
}

function durationView(row: Duration): DurationView {
	const { what, differs, unexplained, cells } = row;
	return {
		what,
		differs,
		unexplained,
		seconds: cells.map(secondsOf),
		reason: isCompared(row) ? reasonOf(row) : 'measured in one column only',
	};
}

function claimView(row: ClaimRow): ClaimView {
	const { id, text, differs, unexplained, cells, notes } = row;
	return {
		id,
		text,
		differs,
		unexplained,
		reason: differs ? reasonSentence(row) : '',
		cells: cells.map((cell) => ({ verdict: cell.verdict, label: labelOf(cell) })),
		notes: notes.map((note) => ({
			verdict: note.verdict,
			note: note.note,
			scenario: scenarioOf(note, notes),
			columns: note.columns,
		})),
	};
}
