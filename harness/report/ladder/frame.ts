import type { Loss } from '../../timeline/timeline-file.ts';
import type { Paint } from '../colours.ts';
import { printable, wrap } from '../text-format.ts';
import { verdictTable } from '../verdict-table.ts';
import type { Ladder } from './model.ts';

/** What stands above the picture: what was tried, where, and the question. */
export function opening(ladder: Ladder, width: number, paint: Paint): string[] {
	const where = [
		`${ladder.engine}, Linux ${ladder.kernel}`,
		ladder.outcome === 'failed' ? 'FAILED' : undefined,
		...ladder.connections,
	];
	return [
		...wrap(printable(ladder.title), width).map((line) => paint('title', line)),
		...wrap(printable(where.filter(Boolean).join(' · ')), width).map((line) => paint('line', line)),
		...(ladder.failure === undefined
			? []
			: ['', ...failureLines(ladder, width - 2).map((line) => paint('error', `  ${line}`))]),
		...(ladder.question === undefined ? [] : ['', ...labelled('Q', ladder.question, width, paint)]),
		'',
	];
}

/** What stands below it: the answer that was observed, the verdicts on the claims, and what observers missed. */
export function closing(ladder: Ladder, width: number, paint: Paint): string[] {
	const notes = notesOf(ladder);
	return [
		...(ladder.answer === undefined ? [] : ['', ...labelled('A', ladder.answer, width, paint)]),
		...(ladder.verdicts.length === 0 ? [] : ['', ...verdictTable(ladder.verdicts, width, paint)]),
		...(notes.length === 0
			? []
			: ['', ...notes.flatMap((note) => wrap(printable(note), width - 2).map((line) => `  ${line}`))]),
	];
}

/** Enough for what is wrong, what was seen and what to do; the page and timeline.json have the rest. */
const MOST_FAILURE_LINES = 12;

/** Why it failed, in the lines in which it was told, as many as there is room for. */
export function failureLines({ failure }: Ladder, width: number): string[] {
	const lines = failure?.trimEnd().split('\n') ?? [];
	const more = lines.length > MOST_FAILURE_LINES ? [`… ${lines.length - MOST_FAILURE_LINES} more lines`] : [];
	return [...lines.slice(0, MOST_FAILURE_LINES), ...more].flatMap((line) => wrap(printable(line), width));
}

function labelled(label: string, text: string, width: number, paint: Paint): string[] {
	return wrap(printable(text), width - 5).map(
		(line, index) => `  ${paint('title', index === 0 ? label : ' ')}  ${line}`,
	);
}

/**
 * What a reader must know of the evidence: what was only sampled, what was missed, and what could not be asked here.
 */
export function notesOf({ sampled, losses, skipped }: Ladder): string[] {
	return [
		...(sampled ? ['* seen by ss, which looks now and then: it began earlier'] : []),
		...losses.map(lossInWords),
		...skipped.map(({ what, why }) => `- skipped: ${what} (${why})`),
	];
}

function lossInWords({ observer, host, what }: Loss): string {
	return `! ${observer}${host === undefined ? '' : ` on the ${host}`} missed something: ${what}`;
}
