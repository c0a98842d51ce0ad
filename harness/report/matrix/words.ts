import { type Cell, type Column, type Matrix, rowsOf } from './model.ts';

/** What both pages say in the same words, unescaped. */

export const TITLE = 'Claims by engine and kernel';

/** Marks what is not the same in all columns. */
export const MARK = '≠';

/** How to read a cell. */
export const LEGEND = `${MARK} marks a claim on which the columns do not agree; a cell that is not covered says nothing. “differs (1 of 2)” is a cell in which one of two judgements, by several scenarios or in several runs, is that the claim differs.`;

/** The result in one sentence: `3 of 95 claims differ between 2 columns`. */
export function headline(matrix: Matrix): string {
	const rows = rowsOf(matrix);
	const columns = matrix.columns.length;
	if (columns < 2) return `${rows.length} claims and ${columns === 0 ? 'no' : 'one'} column: nothing to compare yet`;
	const differing = rows.filter(({ differs }) => differs).length;
	return `${differing} of ${rows.length} claims ${differing === 1 ? 'differs' : 'differ'} between ${columns} columns`;
}

/** What is said of verdicts that are shown nowhere; undefined where there is none. */
export function leftOut({ unknown }: Matrix): string | undefined {
	return unknown.length === 0 ? undefined : `Left out, because the catalogue does not know these ids: ${unknown.join(', ')}`;
}

/** `docker 6.18.44`. */
export function nameOf({ engine, kernel }: Column): string {
	return `${engine} ${kernel}`;
}

/** What a cell says: the verdict, and how many of its judgements are so where it has several. */
export function labelOf({ verdict, judgements }: Cell): string {
	const shown = verdict === 'divided' ? 'differs' : verdict;
	const agreeing = judgements.filter((judgement) => judgement.verdict === shown).length;
	return judgements.length > 1 ? `${shown} (${agreeing} of ${judgements.length})` : shown;
}
