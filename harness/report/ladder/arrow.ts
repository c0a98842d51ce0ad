import { cut, duration, printable, wrap } from '../words.ts';
import type { Arrow } from './model.ts';

/** Where a lost segment ends. */
const ENDS = { dropped: '╳', unobserved: '╌', unknown: '?' } as const;
const LOST_SHARE = 0.6;

/** An arrow and its notes as lines of a width, pointing from its sender to its receiver: the client is on the left. */
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
	if (notes.length <= room) return [arrow.from === 'client' ? `${line} ${notes}`.padEnd(width) : `${notes} ${line}`.padStart(width)];
	return [arrow.from === 'client' ? line.padEnd(width) : line.padStart(width), ...besideReceiver(arrow, wrapped(notes, width), width)];
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

/** What the arrow is, in as many words as fit: connection, flags, and the numbers that matter. */
export function labelOf(arrow: Arrow, width: number): string {
	const name = [arrow.connection, printable(arrow.flags)].filter(Boolean).join(' ');
	const numbers = numbersOf(arrow);
	const labels = [[name, ...numbers].join(' '), [name, numbers.at(-1)].filter(Boolean).join(' '), name];
	return labels.find((label) => label.length <= width) ?? cut(name, width);
}

/** What a reader wants to know of a segment: where its data or FIN stand and how long it is, or what it acknowledges. */
function numbersOf({ flags, seq, ack, length }: Arrow): string[] {
	if (length > 0) return [`seq ${seq}`, `len ${length}`];
	if (flags.includes('F')) return [`seq ${seq}`];
	return /[SR]|none/.test(flags) ? [] : [`ack ${ack}`];
}

/** What became of it: how often, and how it was lost; empty where there is nothing to say. */
export function notesOf({ retransmission, times, t, until, fate, by }: Arrow): string {
	const span = until > t ? ` over ${duration(until - t)}` : '';
	const again = retransmission ? 'retransmission' : times > 1 ? 'the same' : undefined;
	const count = times > 1 ? `${times}x ${again}${span}` : again;
	const end = fate === 'unobserved' ? 'nobody there' : fate === 'dropped' ? `dropped by ${printable(by ?? 'a fault')}` : undefined;
	return [count, end].filter(Boolean).join(', ');
}
