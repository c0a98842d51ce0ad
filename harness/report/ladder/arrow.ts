import { NODE_NAMES } from '../../timeline/events.ts';
import { cut, duration, printable, wrap } from '../text-format.ts';
import type { Arrow } from './model.ts';

/** The ends of arrows of lost segments. */
const ENDS = { dropped: '╳', unobserved: '╌', unknown: '?' } as const;
const LOST_SHARE = 0.6;

/** Whether an arrow points to the right. Nodes are drawn in the order of their names. */
export const isRightwards = ({ from, to }: Pick<Arrow, 'from' | 'to'>) =>
	NODE_NAMES.indexOf(from) < NODE_NAMES.indexOf(to);

/** Draws an arrow and its notes as lines of this width. It points to the receiver; the client is on the left. */
export function drawArrow(arrow: Arrow, width: number): string[] {
	const notes = notesOf(arrow);
	const toTheRight = isRightwards(arrow);
	if (arrow.fate === 'delivered') {
		const label = labelOf(arrow, width - 5);
		const line = toTheRight ? `${dashed(label, width - 1)}▶` : `◀${dashed(label, width - 1)}`;
		return [line, ...besideReceiver(arrow, wrapped(notes, width), width)];
	}
	const label = labelOf(arrow, width - 7);
	const body = dashed(label, Math.max(label.length + 6, Math.floor(width * LOST_SHARE)) - 1);
	const line = toTheRight ? `${body}${ENDS[arrow.fate]}` : `${ENDS[arrow.fate]}${body}`;
	const room = width - line.length - 2;
	if (notes.length <= room) return [toTheRight ? `${line} ${notes}`.padEnd(width) : `${notes} ${line}`.padStart(width)];
	return [
		toTheRight ? line.padEnd(width) : line.padStart(width),
		...besideReceiver(arrow, wrapped(notes, width), width),
	];
}

/**
 * Draws an arrow between two of three lifelines, the router's being in the middle: it crosses the router's, or ends
 * where the packet was lost.
 */
export function drawRoutedArrow(arrow: Arrow, width: number): string[] {
	const half = (width - 1) / 2;
	const blank = ' '.repeat(half);
	const toTheRight = isRightwards(arrow);
	if (arrow.from === 'router' || arrow.to === 'router') {
		const isLeft = (arrow.from === 'router') !== toTheRight;
		return drawArrow({ ...arrow, router: undefined }, half).map((line, index) => {
			const lifeline = index > 0 ? '│' : isLeft ? (line.endsWith('─') ? '┤' : '│') : line.startsWith('─') ? '├' : '│';
			return isLeft ? `${line}${lifeline}${blank}` : `${blank}${lifeline}${line}`;
		});
	}
	const [near, lifeline, far] = halvesOf(arrow, half);
	const notes = notesOf(arrow);
	const across = (one: string, middle: string, other: string) =>
		toTheRight
			? `${one.padEnd(half)}${middle}${other.padEnd(half)}`
			: `${other.padStart(half)}${middle}${one.padStart(half)}`;
	if (notes !== '' && far === '' && notes.length <= half - 1)
		return [across(near, lifeline, toTheRight ? ` ${notes}` : `${notes} `)];
	return [
		across(near, lifeline, far),
		...wrapped(notes, half).map((line) =>
			across('', '│', toTheRight ? line.padStart(half - 1) : line.padEnd(half - 1)),
		),
	];
}

/** Returns the sender's half of an arrow, the router's lifeline, and the receiver's half. */
function halvesOf({ from, to, fate, router, name, numbers }: Arrow, half: number): [string, string, string] {
	const toTheRight = isRightwards({ from, to });
	const label = labelOf({ name, numbers }, half - 4);
	const ended = (line: string, end: string) => (toTheRight ? `${line}${end}` : `${end}${line}`);
	const [whole, short] = [dashed(label, half), Math.floor(half * LOST_SHARE)];
	if (fate === 'delivered') return [whole, '┼', ended('─'.repeat(half - 1), toTheRight ? '▶' : '◀')];
	if (router === 'forwarded') return [whole, '┼', ended('─'.repeat(short), ENDS[fate])];
	if (router === 'entered') return [ended(dashed(label, half - 1), ENDS[fate]), '│', ''];
	return [ended(dashed(label, Math.max(label.length + 2, short)), ENDS[fate]), '│', ''];
}

function wrapped(notes: string, width: number): string[] {
	return notes === '' ? [] : wrap(notes, width - 2);
}

function besideReceiver(arrow: Arrow, lines: readonly string[], width: number): string[] {
	return lines.map((line) => (isRightwards(arrow) ? `${line} `.padStart(width) : ` ${line}`.padEnd(width)));
}

function dashed(label: string, width: number): string {
	const dashes = Math.max(0, width - label.length - 2);
	const before = Math.floor(dashes / 2);
	return `${'─'.repeat(before)} ${label} ${'─'.repeat(dashes - before)}`;
}

/** Returns the label of an arrow: its name, and as many of its numbers as fit. */
export function labelOf({ name, numbers }: Pick<Arrow, 'name' | 'numbers'>, width: number): string {
	const plain = printable(name);
	const labels = [[plain, ...numbers].join(' '), [plain, numbers.at(-1)].filter(Boolean).join(' '), plain];
	return labels.find((label) => label.length <= width) ?? cut(plain, width);
}

/** Returns the notes on an arrow: repetitions, remarks, and how it was lost. May be empty. */
export function notesOf({ retransmission, times, t, until, fate, by, remarks }: Arrow): string {
	const span = until > t ? ` over ${duration(until - t)}` : '';
	const again = retransmission ? 'retransmission' : times > 1 ? 'the same' : undefined;
	const count = times > 1 ? `${times}x ${again}${span}` : again;
	const ends = {
		delivered: undefined,
		unobserved: 'nobody there',
		dropped: `dropped by ${printable(by ?? 'a fault')}`,
		unknown: `fate unknown${by === undefined ? '' : `: ${printable(by)} had failed`}`,
	};
	return [count, ...remarks.map(printable), ends[fate]].filter(Boolean).join(', ');
}
