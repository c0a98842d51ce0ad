/** Formats text for columns, where each character must take one column. */

/**
 * Characters that are known to take one column. All others are escaped: control characters, marks, wide characters,
 * pictographs.
 */
const ONE_COLUMN =
	/[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0373\u0386-\u03ff\u0400-\u0481\u2010-\u2027\u2030-\u205e\u2190-\u21ff\u2500-\u25ff]/;

/** Matches nearly all texts, and is faster. */
const ALL_PLAIN = /^[\x20-\x7e]*$/;

/** Escapes all characters that may not take exactly one column. */
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

/** Cuts the text to a width. An ellipsis at the end marks that something is missing. */
export function cut(text: string, width: number): string {
	return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`.slice(0, width);
}

/** Cuts the text in the same way, but keeps a quotation mark at its end. */
export function cutQuoted(text: string, width: number): string {
	return text.length > width && text.endsWith('"') ? `${cut(text.slice(0, -1), width - 1)}"` : cut(text, width);
}

/**
 * Wraps the text to lines of at most this width. Breaks lines at spaces; without a suitable space, after `|` or `,`;
 * without these, anywhere.
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

/** Formats a duration: `350 ms`, `1.2 s`, `124 s`, `15 min 24 s`. */
export function duration(seconds: number): string {
	if (seconds < 0.95) return `${Math.round(seconds * 1_000)} ms`;
	if (seconds < 100) return `${seconds.toFixed(1)} s`;
	const whole = Math.round(seconds);
	return whole < 180 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
