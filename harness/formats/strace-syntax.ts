import type { StraceCall } from './types.ts';

const CLOSING: Record<string, string> = { '(': ')', '[': ']', '{': '}' };

/**
 * Where the arguments of a call end, and the text of its result.
 *
 * @param text from behind the opening parenthesis to the end of the line
 * @returns undefined if the text is cut, or not of strace
 */
export function endOfArguments(text: string): { at: number; result: string } | undefined {
	const { end } = scan(text);
	if (end === undefined) return undefined;
	// strace fills up to a column before the `=` (strace.c, `tabto`).
	const result = /^\) +=(?: (.*))?$/.exec(text.slice(end))?.[1];
	return result === undefined || result === '' ? undefined : { at: end, result };
}

/** Whether no string, list or annotation is left open in the arguments. */
export function isBalanced(text: string): boolean {
	const { end, open } = scan(text);
	return end === undefined && open === 0;
}

/** What stands in `<…>` behind a descriptor: from `start` (its `<`) to `end` (behind its `>`). */
export interface Annotation {
	readonly start: number;
	readonly end: number;
}

/** The annotations of all descriptors in the arguments of a call, complete or as far as they were printed. */
export function annotationsIn(args: string): readonly Annotation[] {
	return scan(args).annotations;
}

/** Where the strings of these arguments are, with their quotation marks. */
export function stringsIn(args: string): readonly Annotation[] {
	return scan(args).strings;
}

interface Scanned {
	/** Where the parenthesis is that closes the call. */
	readonly end?: number;
	/** How much was left open at the end of the text. */
	readonly open: number;
	readonly annotations: readonly Annotation[];
	readonly strings: readonly Annotation[];
}

/**
 * Goes over arguments as strace writes them, past strings (with C escapes: util.c, `string_quote`), comments, lists and
 * the annotations of descriptors, to the parenthesis that closes the call.
 */
function scan(text: string): Scanned {
	const expected: string[] = [];
	const annotations: Annotation[] = [];
	const strings: Annotation[] = [];
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

/** `3<TCP:[…]>`, `AT_FDCWD</tmp>`, `0</dev/null<char 1:3>>`; but `1<<CAP_NET_RAW` is a shift. */
function opensAnnotation(text: string, at: number): boolean {
	return text.charAt(at + 1) !== '<' && /[\dD]/.test(text.charAt(at - 1));
}

/**
 * Where the `>` of an annotation is. Of a path, strace writes `<` and `>` as octal escapes (util.c, `printfd`), so
 * brackets, quotation marks and `->` in it mean nothing; a device stands behind it in `<…>` of its own. What else is a
 * link to no file is a word and `[…]`: there, `->` joins the two ends of a connection, and names of local sockets are
 * strings.
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

/** What a call's result says. */
export type StraceResult = Pick<StraceCall, 'returned' | 'errno' | 'resultText' | 'took'>;

/**
 * Reads what stands behind the `=` (strace's syscall.c, `syscall_exiting_trace`): `0`, `0x55…`, `-1 EPIPE (Broken
 * pipe)`, `3<TCP:[…]>`,
 * `1 ([{fd=3, revents=POLLIN}])`, `?`, each with the time of `-T` behind it.
 *
 * `? ERESTARTSYS (…)` is a result in the kernel only: the call is restarted, or the program gets EINTR, and strace does
 * not say which. It is kept as `resultText` and never taken for an errno.
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

/** Where strace shows an octal result (umask), it begins with 0. */
function numberOf(text: string): number {
	return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
}
