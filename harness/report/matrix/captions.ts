import { specName } from '../artifacts.ts';
import type { Change } from './changes.ts';
import type { ClaimCell, Note } from './claims.ts';
import { type Column, nameOf } from './columns.ts';
import type { Comparison } from './comparison.ts';
import { isCompared } from './durations.ts';
import { comparisonsOf, type Matrix, rowsOf } from './model.ts';

/** Texts that matrix.md and the page share, unescaped. */

export const TITLE = 'Claims and durations by engine and kernel';

/** Marks a row that differs between columns. */
export const MARK = '≠';

/** Shown instead of a reason if none is known. */
export const UNEXPLAINED = 'unexplained';

/** Explains the cells. */
export const LEGEND =
	`${MARK} marks what is not the same in all columns; a cell that is not covered says nothing. “differs (1 of 2)” ` +
	'is a cell in which one of two judgements, by several scenarios or in several runs, is that the claim differs. A ' +
	'column in part is one in which not all specs ran.';

/** Explains when durations differ. */
export const DURATIONS_LEGEND =
	'In seconds. Durations are not the same where they lie further apart than 1 s and than the kernel’s timer ' +
	'wheel allows: a timer ends with its slot, and the longer it is, the wider are the slots, so the tick at which ' +
	'it began decides how late it ends. On vm, whose kernels are taken for Debian’s with HZ = 250, a slot is 2 s ' +
	'wide for a timer of two minutes, and 131 s for one of two hours. What is compared with another engine may lie ' +
	'as far apart as the widest slot of HZ = 100, 250, 300 and 1000 allows.';

/** Returns the result in one sentence: `3 of 95 claims and 1 of 5 durations differ between 2 columns`. */
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

/** Returns everything that went wrong or is missing, as sentences without a full stop. */
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

/** The number of names that are listed. */
const NAMES_SHOWN = 3;
const firstOf = (names: readonly string[]) =>
	[
		names.slice(0, NAMES_SHOWN).join(', '),
		...(names.length > NAMES_SHOWN ? [`${names.length - NAMES_SHOWN} more`] : []),
	].join(' and ');

/** Returns the reason for a difference: `tcp_syn_linear_timeouts (6.5)`. Empty if there is no difference. */
export function reasonOf({ because, unexplained }: Comparison): string {
	return [...because.map(({ name, since }) => `${name} (${since})`), ...(unexplained ? [UNEXPLAINED] : [])].join(', ');
}

/** Returns the reason for a difference as a sentence. */
export function reasonSentence(row: Comparison): string {
	const reason = reasonOf(row);
	return reason === UNEXPLAINED ? 'It differs, and no known change explains it.' : `It differs because of ${reason}.`;
}

/** A change of the kernel, and the rows that name it, by id or name. */
export interface Explanation {
	readonly change: Change;
	/** The rows whose difference it explains. */
	readonly explains: readonly string[];
	/** The rows that name it although they do not differ there. */
	readonly idle: readonly string[];
}

/** Returns all changes that a row needs, or names without need. */
export function explanationsIn(matrix: Matrix): Explanation[] {
	const rows = [
		...rowsOf(matrix).map((row) => ({ ...row, name: row.id })),
		...matrix.durations.map((row) => ({ ...row, name: `“${row.what}”` })),
	];
	const changes = new Set(rows.flatMap(({ because, idle }) => [...because, ...idle]));
	const namesOf = (matches: (row: Comparison) => boolean) => rows.filter(matches).map(({ name }) => name);
	return [...changes].map((change) => ({
		change,
		explains: namesOf(({ because }) => because.includes(change)),
		idle: namesOf(({ idle }) => idle.includes(change)),
	}));
}

/** Describes a change without its name: `Linux 6.5, …: …. It explains KH-syn1.` */
export function changeSentence({ change: { since, commit, effect }, explains, idle }: Explanation): string {
	const said = [
		...(explains.length > 0 ? [`It explains ${explains.join(', ')}.`] : []),
		...(idle.length > 0 ? [`It explains no difference any more: ${idle.join(', ')}.`] : []),
	];
	return [`Linux ${since}, ${commit}: ${effect}`, ...said].join(' ');
}

/** Returns short names of columns: `vm 6.1`. If two columns would share one, they keep their full names. */
export function briefNames(columns: readonly Column[]): string[] {
	const briefOf = ({ engine, kernel }: Column) => `${engine} ${/^\d+\.\d+/.exec(kernel)?.[0] ?? kernel}`;
	const briefs = columns.map(briefOf);
	return columns.map((column, index) =>
		briefs.filter((brief) => brief === briefs[index]).length > 1 ? nameOf(column) : briefOf(column),
	);
}

/** Returns `(failed)` or `(in part)` for a column that is not complete, otherwise an empty string. */
export function stateOf({ isBroken, missing }: Column): string {
	if (isBroken) return '(failed)';
	return missing.length > 0 ? '(in part)' : '';
}

/** Returns a column's name and state. */
export function headOf(column: Column, name: string): string {
	return `${name} ${stateOf(column)}`.trimEnd();
}

/** Formats seconds: `937.8`, `0.204`. Empty if nothing was measured. */
export function secondsOf(seconds: number | undefined): string {
	return seconds === undefined ? '' : seconds.toFixed(seconds < 10 ? 3 : 1);
}

/** Returns the text of a cell: the verdict, and if there are several judgements, how many of them agree with it. */
export function labelOf({ verdict, judgements }: ClaimCell): string {
	const shown = verdict === 'divided' ? 'differs' : verdict;
	const agreeing = judgements.filter((judgement) => judgement.verdict === shown).length;
	return judgements.length > 1 ? `${shown} (${agreeing} of ${judgements.length})` : shown;
}

/** Returns the title of a note's scenario, with its spec if notes from another spec have the same title. */
export function scenarioOf({ spec, scenario }: Note, notes: readonly Note[]): string {
	const isAmbiguous = notes.some((other) => other.scenario === scenario && other.spec !== spec);
	return isAmbiguous ? `${scenario} (${specName(spec)})` : scenario;
}
