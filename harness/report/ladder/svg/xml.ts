import { printable } from '../../text-format.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as it may stand in an element or in a quoted attribute; what XML forbids is written as an escape. */
export function escapeXml(text: string): string {
	const lines = text.includes('\n') ? text.split('\n').map(printable).join('\n') : printable(text);
	return lines.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element; numbers are written with one decimal, attributes that are undefined left out. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
	const written = Object.entries(attributes).flatMap(([key, value]) =>
		value === undefined ? [] : [` ${key}="${typeof value === 'number' ? Number(value.toFixed(1)) : escapeXml(value)}"`],
	);
	return children.length === 0
		? `<${name}${written.join('')}/>`
		: `<${name}${written.join('')}>${children.join('')}</${name}>`;
}

/** What a drawn thing is: for filters, colours, and who asks for details. */
export type Kind =
	| 'segment'
	| 'call'
	| 'state'
	| 'timer'
	| 'sockets'
	| 'error'
	| 'reset'
	| 'process'
	| 'output'
	| 'fault'
	| 'step'
	| 'lapse'
	| 'wait'
	| 'bundle';

/** One drawn thing: a group that says in words what it is, to pointers and to screen readers. */
export function drawn(kind: Kind, title: string, ...children: readonly string[]): string {
	return element(
		'g',
		{ class: kind, 'data-kind': kind, role: 'img' },
		element('title', {}, escapeXml(title)),
		...children,
	);
}

/** A line of text, its baseline at `y`. */
export function text(x: number, y: number, words: string, attributes: Attributes = {}): string {
	return element('text', { x, y, ...attributes }, escapeXml(words));
}
