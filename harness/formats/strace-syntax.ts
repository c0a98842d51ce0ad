import type { StraceCall } from './types.ts';

const CLOSING: Record<string, string> = { '(': ')', '[': ']', '{': '}' };

/**
 * Finds the end of a call's arguments, and the text of its result.
 *
 * @param text the text from after the opening parenthesis to the end of the line
 * @returns undefined if the text is truncated, or not from strace
 */
export function endOfArguments(text: string): { at: number; result: string } | undefined {
	const { end } = scan(text);
	if (end === undefined) return undefined;
	// strace pads with spaces to a column before the `=` (strace.c, `tabto`).
	const result = /^\) +=(?: (.*))?$/.exec(text.slice(end))?.[1];
	return result === undefined || result === '' ? undefined : { at: end, result };
}

/** Whether all strings, lists and annotations in the arguments are closed. */
export function isBalanced(text: string): boolean {
	const { end, open } = scan(text);
	return end === undefined && open === 0;
}

/** A part of a text: from `start` to before `end`. For an annotation of a descriptor, `<` and `>` are included. */
export interface TextRange {
	readonly start: number;
	readonly end: number;
}

/** Returns the annotations of all descriptors in the arguments of a call, which may be incomplete. */
export function annotationsIn(args: string): readonly TextRange[] {
	return scan(args).annotations;
}

/** Returns the strings in the arguments of a call, with their quotation marks. */
export function stringsIn(args: string): readonly TextRange[] {
	return scan(args).strings;
}

/** The result of a scan. */
interface ScannedArguments {
	/** The index of the parenthesis that closes the call. */
	readonly end?: number;
	/** The number of strings, lists and annotations that are not closed. */
	readonly open: number;
	readonly annotations: readonly TextRange[];
	readonly strings: readonly TextRange[];
}

/**
 * Scans arguments up to the parenthesis that closes the call. Skips strings (with C escapes: util.c, `string_quote`),
 * comments, lists, and annotations of descriptors.
 */
function scan(text: string): ScannedArguments {
	const expected: string[] = [];
	const annotations: TextRange[] = [];
	const strings: TextRange[] = [];
	for (let at = 0; at < text.length; at++) {
		const character = text.charAt(at);
		const start = at;
		let end: number | undefined = at;
		if (character === '"') {
			end = endOfString(text, at);
			if (end !== undefined) strings.push({ start, end: end + 1 });
		} else if (character === '/' && text.charAt(at + 1) === '*') {
			end = endOfComment(text, at);
		} else if (character === '<' && opensAnnotation(text, at)) {
			end = endOfAnnotation(text, at);
			if (end !== undefined) annotations.push({ start, end: end + 1 });
		} else if (character in CLOSING) {
			expected.push(CLOSING[character] ?? '');
		} else if (character === expected.at(-1)) {
			expected.pop();
		} else if (character === ')' && expected.length === 0) {
			return { end: at, open: 0, annotations, strings };
		}
		if (end === undefined) return { open: expected.length + 1, annotations, strings };
		at = end;
	}
	return { open: expected.length, annotations, strings };
}

function endOfString(text: string, start: number): number | undefined {
	for (let at = start + 1; at < text.length; at++) {
		const character = text.charAt(at);
		if (character === '\\') at++;
		else if (character === '"') return at;
	}
	return undefined;
}

function endOfComment(text: string, start: number): number | undefined {
	const closing = text.indexOf('*/', start + 2);
	return closing < 0 ? undefined : closing + 1;
}

/**
 * Whether `<` begins an annotation: `3<TCP:[…]>`, `AT_FDCWD</tmp>`, `0</dev/null<char 1:3>>`. `1<<CAP_NET_RAW` is a
 * shift.
 */
function opensAnnotation(text: string, at: number): boolean {
	return text.charAt(at + 1) !== '<' && /[\dD]/.test(text.charAt(at - 1));
}

/**
 * Returns the index of the `>` that closes an annotation. In a path, strace writes `<` and `>` as octal escapes
 * (util.c, `printfd`), so brackets, quotation marks and `->` in it have no meaning; a device is added in its own `<…>`.
 * A descriptor that is no file is a word and `[…]`. In it, `->` is between the two ends of a connection, and names of
 * local sockets are strings.
 */
function endOfAnnotation(text: string, start: number): number | undefined {
	const isPath = !/^<[\w-]+:\[/.test(text.slice(start, start + 32));
	let depth = 0;
	for (let at = start; at < text.length; at++) {
		const character = text.charAt(at);
		if (character === '\\') at++;
		else if (character === '<') depth++;
		else if (character === '"' && !isPath) {
			const closing = endOfString(text, at);
			if (closing === undefined) return undefined;
			at = closing;
		} else if (character === '>' && (isPath || text.charAt(at - 1) !== '-') && --depth === 0) return at;
	}
	return undefined;
}

/** The fields of a call that its result contains. */
export type StraceResult = Pick<StraceCall, 'returned' | 'errno' | 'resultText' | 'took'>;

/**
 * Parses the text after the `=` (strace's syscall.c, `syscall_exiting_trace`): `0`, `0x55…`, `-1 EPIPE (Broken pipe)`,
 * `3<TCP:[…]>`, `1 ([{fd=3, revents=POLLIN}])`, `?`, each followed by the time of `-T`.
 *
 * `? ERESTARTSYS (…)` is a result in the kernel only: the call is restarted, or the program gets EINTR, and strace does
 * not print which. It becomes `resultText`, never `errno`.
 */
export function parseResult(text: string): StraceResult {
	const [timeText, seconds] = / <(\d+\.\d+)>$/.exec(text) ?? ['', undefined];
	const took = seconds === undefined ? {} : { took: Number(seconds) };
	const result = text.slice(0, text.length - timeText.length);

	const [, unfinished] = /^\?(?: (.*))?$/.exec(result) ?? [];
	if (result.startsWith('?')) return { ...(unfinished && { resultText: unfinished }), ...took };

	const [failed, errno, unnamed, meaning] = /^-1 (?:(E[A-Z0-9]+)|\((errno \d+)\))(?: \((.*)\))?/.exec(result) ?? [];
	const errorName = errno ?? unnamed;
	if (failed !== undefined && errorName !== undefined)
		return { returned: -1, errno: errorName, ...(meaning && { resultText: meaning }), ...took };

	const [, value, annotation, addition] = /^(-?(?:0x[\da-f]+|\d+))(?:<(.*)>)?(?: (.*))?$/.exec(result) ?? [];
	if (value === undefined) return { resultText: result, ...took };
	const resultText = annotation ?? addition?.replace(/^\((.*)\)$/, '$1');
	return { returned: numberOf(value), ...(resultText && { resultText }), ...took };
}

/** Parses a number. strace prints the result of umask in octal, with a leading 0. */
function numberOf(text: string): number {
	return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
}
