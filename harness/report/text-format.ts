/** Text as it is put into columns: one character, one column. */

/**
 * Characters known to take one column; what is not among them (control characters, marks, wide and pictorial ones) is
 * written as an escape.
 */
const ONE_COLUMN =
	/[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0373\u0386-\u03ff\u0400-\u0481\u2010-\u2027\u2030-\u205e\u2190-\u21ff\u2500-\u25ff]/;

/** Nearly all that is drawn. */
const ALL_PLAIN = /^[\x20-\x7e]*$/;

/** The text with everything escaped that would break columns. */
export function printable(text: string): string {
	if (ALL_PLAIN.test(text)) return text;
	return Array.from(text, (character) =>
		ONE_COLUMN.test(character) && character.length === 1 ? character : escaped(character),
	).join('');
}

function escaped(character: string): string {
	const named = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
	return named ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** The text cut to a width, with an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
	return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`.slice(0, width);
}

/** The same for text that ends with a quotation mark, which stays. */
export function cutQuoted(text: string, width: number): string {
	return text.length > width && text.endsWith('"') ? `${cut(text.slice(0, -1), width - 1)}"` : cut(text, width);
}

/**
 * The text in lines of a width, broken at spaces, after `|` and `,` where there is none, and anywhere where there is no
 * other way.
 */
export function wrap(text: string, width: number): string[] {
	const lines: string[] = [];
	let rest = text.trimEnd();
	while (rest.length > width) {
		const end = breakBefore(rest, width);
		lines.push(rest.slice(0, end).trimEnd());
		rest = rest.slice(end).trimStart();
	}
	if (rest !== '' || lines.length === 0) lines.push(rest);
	return lines;
}

function breakBefore(text: string, width: number): number {
	const space = text.lastIndexOf(' ', width);
	if (space > width / 3) return space;
	const mark = Math.max(text.lastIndexOf('|', width - 1), text.lastIndexOf(',', width - 1));
	return mark > width / 3 ? mark + 1 : width;
}

/** A span of time in words: `1.2 s`, `124 s`, `15 min 24 s`. */
export function duration(seconds: number): string {
	if (seconds < 0.95) return `${Math.round(seconds * 1_000)} ms`;
	if (seconds < 100) return `${seconds.toFixed(1)} s`;
	const whole = Math.round(seconds);
	return whole < 180 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
