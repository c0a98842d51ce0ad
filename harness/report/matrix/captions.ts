import type { Change } from './changes.ts';
import type { ClaimCell } from './claims.ts';
import { type Column, nameOf } from './columns.ts';
import type { Comparison } from './comparison.ts';
import { isCompared } from './durations.ts';
import { comparisonsOf, type Matrix, rowsOf } from './model.ts';

/** What both pages say in the same words, unescaped. */

export const TITLE = 'Claims and durations by engine and kernel';

/** Marks what is not the same in all columns. */
export const MARK = '≠';

/** Stands for a reason where none is known. */
export const UNEXPLAINED = 'unexplained';

/** How to read a cell. */
export const LEGEND =
	`${MARK} marks what is not the same in all columns; a cell that is not covered says nothing. “differs (1 of 2)” ` +
	'is a cell in which one of two judgements, by several scenarios or in several runs, is that the claim differs. A ' +
	'column in part is one in which not all specs ran.';

/** When durations are not the same. */
export const DURATIONS_LEGEND =
	'In seconds. Durations are not the same where they lie further apart than 1 s and than the kernel’s timer ' +
	'wheel allows: a timer ends with its slot, and the longer it is, the wider are the slots, so the tick at which ' +
	'it began decides how late it ends. On vm, whose kernels are taken for Debian’s with HZ = 250, a slot is 2 s ' +
	'wide for a timer of two minutes, and 131 s for one of two hours. What is compared with another engine may lie ' +
	'as far apart as the widest slot of HZ = 100, 250, 300 and 1000 allows.';

/** The result in one sentence: `3 of 95 claims and 1 of 5 durations differ between 2 columns`. */
export function headline(matrix: Matrix): string {
	const columns = matrix.columns.length;
	const claims = rowsOf(matrix);
	if (columns < 2) return `${claims.length} claims and ${columns === 0 ? 'no' : 'one'} column: nothing to compare yet`;
	const durations = matrix.durations.filter(isCompared);
	const differing = (rows: readonly Comparison[]) => rows.filter(({ differs }) => differs).length;
	const parts = [
		`${differing(claims)} of ${claims.length} claims`,
		...(durations.length > 0 ? [`${differing(durations)} of ${durations.length} durations`] : []),
	];
	const verb = parts.length === 1 && differing(claims) === 1 ? 'differs' : 'differ';
	const unexplained = comparisonsOf(matrix).filter((row) => row.unexplained).length;
	return (
		`${parts.join(' and ')} ${verb} between ${columns} ` +
		`columns${unexplained > 0 ? `, ${unexplained} of them ${UNEXPLAINED}` : ''}`
	);
}

/** What is not as it should be, each as a sentence without a full stop. */
export function troubleSentences({ specs, columns, troubles, unknown, gone }: Matrix): string[] {
	const failed = columns
		.filter((column) => column.failed.length > 0)
		.map((column) => `${nameOf(column)}: ${scenarios(column.failed.length)} failed: ${column.failed.join(', ')}`);
	const inPart = columns
		.filter((column) => column.missing.length > 0)
		.map(
			(column) =>
				`${nameOf(column)}: ${column.missing.length} of ${specs} spec files did not run, or not whole: ` +
				`${firstOf(column.missing)}`,
		);
	const leftOut = [
		...(unknown.length === 0 ? [] : [`Left out, because the catalogue does not know these ids: ${unknown.join(', ')}`]),
		...(gone.length === 0 ? [] : [`Left out, because these spec files exist no more: ${gone.join(', ')}`]),
	];
	return [...troubles, ...failed, ...inPart, ...leftOut];
}

const scenarios = (count: number) => (count === 1 ? '1 scenario' : `${count} scenarios`);

/** As many names as show what is meant. */
const NAMES_SHOWN = 3;
const firstOf = (names: readonly string[]) =>
	[
		names.slice(0, NAMES_SHOWN).join(', '),
		...(names.length > NAMES_SHOWN ? [`${names.length - NAMES_SHOWN} more`] : []),
	].join(' and ');

/** Why something differs, in a few words: `tcp_syn_linear_timeouts (6.5)`; nothing where it does not. */
export function reasonOf({ because, unexplained }: Comparison): string {
	return [...because.map(({ name, since }) => `${name} (${since})`), ...(unexplained ? [UNEXPLAINED] : [])].join(', ');
}

/** The same as a sentence, of something that differs. */
export function reasonSentence(row: Comparison): string {
	const reason = reasonOf(row);
	return reason === UNEXPLAINED ? 'It differs, and no known change explains it.' : `It differs because of ${reason}.`;
}

/** A change that explains something, or is said to: what it is, and the rows, by id or name. */
export interface Explanation {
	readonly change: Change;
	readonly explains: readonly string[];
	readonly idle: readonly string[];
}

/** The changes that are needed, and those that are not any more. */
export function explanationsIn(matrix: Matrix): Explanation[] {
	const rows = [
		...rowsOf(matrix).map((row) => ({ ...row, name: row.id })),
		...matrix.durations.map((row) => ({ ...row, name: `“${row.what}”` })),
	];
	const changes = new Set(rows.flatMap(({ because, idle }) => [...because, ...idle]));
	const namesWhere = (isSo: (row: Comparison) => boolean) => rows.filter(isSo).map(({ name }) => name);
	return [...changes].map((change) => ({
		change,
		explains: namesWhere(({ because }) => because.includes(change)),
		idle: namesWhere(({ idle }) => idle.includes(change)),
	}));
}

/** What a change does and explains, without its name: `Linux 6.5, …: …. It explains KH-syn1.` */
export function changeSentence({ change: { since, commit, effect }, explains, idle }: Explanation): string {
	const said = [
		...(explains.length > 0 ? [`It explains ${explains.join(', ')}.`] : []),
		...(idle.length > 0 ? [`It explains no difference any more: ${idle.join(', ')}.`] : []),
	];
	return [`Linux ${since}, ${commit}: ${effect}`, ...said].join(' ');
}

/** Names of columns for narrow tables: `vm 6.1`; whole where that would be the name of two. */
export function briefNames(columns: readonly Column[]): string[] {
	const briefOf = ({ engine, kernel }: Column) => `${engine} ${/^\d+\.\d+/.exec(kernel)?.[0] ?? kernel}`;
	const briefs = columns.map(briefOf);
	return columns.map((column, place) =>
		briefs.filter((brief) => brief === briefs[place]).length > 1 ? nameOf(column) : briefOf(column),
	);
}

/** That a column is not all there: `(failed)`, `(in part)`; empty where it is. */
export function stateOf({ isBroken, missing }: Column): string {
	if (isBroken) return '(failed)';
	return missing.length > 0 ? '(in part)' : '';
}

/** A column's name, and its state. */
export function headOf(column: Column, name: string): string {
	return `${name} ${stateOf(column)}`.trimEnd();
}

/** `937.8`, `0.204`, and for what was not measured nothing. */
export function secondsOf(seconds: number | undefined): string {
	return seconds === undefined ? '' : seconds.toFixed(seconds < 10 ? 3 : 1);
}

/** What a cell says: the verdict, and how many of its judgements are so where it has several. */
export function labelOf({ verdict, judgements }: ClaimCell): string {
	const shown = verdict === 'divided' ? 'differs' : verdict;
	const agreeing = judgements.filter((judgement) => judgement.verdict === shown).length;
	return judgements.length > 1 ? `${shown} (${agreeing} of ${judgements.length})` : shown;
}
