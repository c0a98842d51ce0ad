import type { StraceCall } from './types.ts';

const CLOSING: Record<string, string> = { '(': ')', '[': ']', '{': '}', '<': '>' };

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

/**
 * Goes over arguments as strace writes them, past strings (with C escapes: util.c, `string_quote`), comments, lists and the annotations
 * of descriptors, to the parenthesis that closes the call.
 *
 * @returns `end`: where that parenthesis is; `open`: how much was left open at the end of the text
 */
function scan(text: string): { end?: number; open: number } {
	const expected: string[] = [];
	for (let at = 0; at < text.length; at++) {
		const character = text.charAt(at);
		if (character === '"') {
			const closing = endOfString(text, at);
			if (closing === undefined) return { open: expected.length + 1 };
			at = closing;
		} else if (character === '/' && text.charAt(at + 1) === '*') {
			const closing = text.indexOf('*/', at + 2);
			if (closing < 0) return { open: expected.length + 1 };
			at = closing + 1;
		} else if (character === '<') {
			if (opensAnnotation(text, at, expected.at(-1))) expected.push('>');
		} else if (character === '>') {
			// `->` joins the two ends of a connection inside an annotation, `=>` what went in and came out of an argument.
			if (expected.at(-1) === '>' && !'-='.includes(text.charAt(at - 1))) expected.pop();
		} else if (character in CLOSING) {
			expected.push(CLOSING[character] ?? '');
		} else if (character === expected.at(-1)) {
			expected.pop();
		} else if (character === ')' && expected.length === 0) {
			return { end: at, open: 0 };
		}
	}
	return { open: expected.length };
}

function endOfString(text: string, start: number): number | undefined {
	for (let at = start + 1; at < text.length; at++) {
		const character = text.charAt(at);
		if (character === '\\') at++;
		else if (character === '"') return at;
	}
	return undefined;
}

/** `3<TCP:[…]>`, `AT_FDCWD</tmp>`, `0</dev/null<char 1:3>>`; but `1<<CAP_NET_RAW` is a shift. */
function opensAnnotation(text: string, at: number, enclosing: string | undefined): boolean {
	if (enclosing === '>') return true;
	const isShift = text.charAt(at + 1) === '<' || text.charAt(at - 1) === '<';
	return !isShift && /[\dD]/.test(text.charAt(at - 1));
}

/** What a call's result says. */
export type StraceResult = Pick<StraceCall, 'returned' | 'errno' | 'resultText' | 'took'>;

/**
 * Reads what stands behind the `=` (strace's syscall.c, `syscall_exiting_trace`): `0`, `0x55…`, `-1 EPIPE (Broken pipe)`, `3<TCP:[…]>`,
 * `1 ([{fd=3, revents=POLLIN}])`, `?`, each with the time of `-T` behind it.
 *
 * `? ERESTARTSYS (…)` is a result in the kernel only: the call is restarted, or the program gets EINTR, and strace does not say which.
 * It is kept as `resultText` and never taken for an errno.
 */
export function parseResult(text: string): StraceResult {
	const [timeText, seconds] = / <(\d+\.\d+)>$/.exec(text) ?? ['', undefined];
	const took = seconds === undefined ? {} : { took: Number(seconds) };
	const result = text.slice(0, text.length - timeText.length);

	const [, unfinished] = /^\?(?: (.*))?$/.exec(result) ?? [];
	if (result.startsWith('?')) return { ...(unfinished && { resultText: unfinished }), ...took };

	const [failed, errno, unnamed, meaning] = /^-1 (?:(E[A-Z0-9]+)|\((errno \d+)\))(?: \((.*)\))?/.exec(result) ?? [];
	const errorName = errno ?? unnamed;
	if (failed !== undefined && errorName !== undefined) return { returned: -1, errno: errorName, ...(meaning && { resultText: meaning }), ...took };

	const [, value, annotation, addition] = /^(-?(?:0x[\da-f]+|\d+))(?:<(.*)>)?(?: (.*))?$/.exec(result) ?? [];
	if (value === undefined) return { resultText: result, ...took };
	const resultText = annotation ?? addition?.replace(/^\((.*)\)$/, '$1');
	return { returned: numberOf(value), ...(resultText && { resultText }), ...took };
}

/** Where strace shows an octal result (umask), it begins with 0. */
function numberOf(text: string): number {
	return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
}
