import type { Loss } from '../../timeline/timeline-file.ts';
import type { Paint } from '../colours.ts';
import { printable, wrap } from '../text-format.ts';
import { verdictTable } from '../verdict-table.ts';
import type { Ladder } from './model.ts';

/** Returns the lines above the picture: title, engine and kernel, failure, question. */
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

/** Returns the lines below the picture: the observed answer, the verdicts, and notes on the evidence. */
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

/** Enough for a problem, what was seen, and the remedy. The page and timeline.json have the whole message. */
const MOST_FAILURE_LINES = 12;

/** Returns the first lines of the failure's message. */
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
 * Returns notes on the evidence: whether states were only sampled, what observers missed, and what was skipped.
 */
export function notesOf({ sampled, losses, skipped }: Ladder): string[] {
	return [
		...(sampled ? ['* sampled by ss: the state began earlier'] : []),
		...losses.map(lossInWords),
		...skipped.map(({ what, why }) => `- skipped: ${what} (${why})`),
	];
}

function lossInWords({ observer, host, what }: Loss): string {
	return `! ${observer}${host === undefined ? '' : ` on the ${host}`} missed something: ${what}`;
}
