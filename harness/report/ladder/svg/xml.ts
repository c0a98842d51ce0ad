import { printable } from '../../text-format.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Escapes text for an element or a quoted attribute. Characters that XML forbids are written as escapes. */
export function escapeXml(text: string): string {
	const lines = text.includes('\n') ? text.split('\n').map(printable).join('\n') : printable(text);
	return lines.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Returns an element. Numbers are written with one decimal place. Attributes that are undefined are left out. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
	const written = Object.entries(attributes).flatMap(([key, value]) =>
		value === undefined ? [] : [` ${key}="${typeof value === 'number' ? Number(value.toFixed(1)) : escapeXml(value)}"`],
	);
	return children.length === 0
		? `<${name}${written.join('')}/>`
		: `<${name}${written.join('')}>${children.join('')}</${name}>`;
}

/** The kinds of drawn parts, for filters and colours. */
export type PartKind =
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

/** Returns a drawn part: a group with a title for pointers and screen readers. */
export function drawn(kind: PartKind, title: string, ...children: readonly string[]): string {
	return element(
		'g',
		{ class: kind, 'data-kind': kind, role: 'img' },
		element('title', {}, escapeXml(title)),
		...children,
	);
}

/** Returns a line of text with its baseline at `y`. */
export function text(x: number, y: number, words: string, attributes: Attributes = {}): string {
	return element('text', { x, y, ...attributes }, escapeXml(words));
}
