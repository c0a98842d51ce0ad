import { cut, duration, printable, wrap } from '../text-format.ts';
import type { Arrow } from './model.ts';

/** The ends of arrows of lost segments. */
const ENDS = { dropped: '╳', unobserved: '╌', unknown: '?' } as const;
const LOST_SHARE = 0.6;

/** Draws an arrow and its notes as lines of this width. It points to the receiver; the client is on the left. */
export function drawArrow(arrow: Arrow, width: number): string[] {
	const notes = notesOf(arrow);
	if (arrow.fate === 'delivered') {
		const label = labelOf(arrow, width - 5);
		const line = arrow.from === 'client' ? `${dashed(label, width - 1)}▶` : `◀${dashed(label, width - 1)}`;
		return [line, ...besideReceiver(arrow, wrapped(notes, width), width)];
	}
	const label = labelOf(arrow, width - 7);
	const body = dashed(label, Math.max(label.length + 6, Math.floor(width * LOST_SHARE)) - 1);
	const line = arrow.from === 'client' ? `${body}${ENDS[arrow.fate]}` : `${ENDS[arrow.fate]}${body}`;
	const room = width - line.length - 2;
	if (notes.length <= room)
		return [arrow.from === 'client' ? `${line} ${notes}`.padEnd(width) : `${notes} ${line}`.padStart(width)];
	return [
		arrow.from === 'client' ? line.padEnd(width) : line.padStart(width),
		...besideReceiver(arrow, wrapped(notes, width), width),
	];
}

function wrapped(notes: string, width: number): string[] {
	return notes === '' ? [] : wrap(notes, width - 2);
}

function besideReceiver(arrow: Arrow, lines: readonly string[], width: number): string[] {
	return lines.map((line) => (arrow.from === 'client' ? `${line} `.padStart(width) : ` ${line}`.padEnd(width)));
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
