import { cut, printable } from '../text-format.ts';
import type { LiveWait } from './running-scenarios.ts';

/** Shorter waits are not shown, because they would only flicker. */
const WORTH_A_LINE_MS = 1_000;
/** The share of a line that is reserved for the scenario; the rest is for the description of the wait. */
const SHARE_OF_WHERE = 0.3;
const INDENT = '  ';

/** Returns whether a wait has lasted long enough to be shown. */
export function isWorthALine({ shownMs }: LiveWait): boolean {
	return shownMs >= WORTH_A_LINE_MS;
}

/** Returns `8 of at most 27 s`. */
export function progress({ waitedMs, limitMs }: Pick<LiveWait, 'waitedMs' | 'limitMs'>): string {
	const seconds = Math.floor(waitedMs / 1_000);
	return limitMs === undefined ? `${seconds} s so far` : `${seconds} of at most ${Math.ceil(limitMs / 1_000)} s`;
}

/**
 * Returns `waiting for read to fail, 8 of at most 27 s` within this width. Cuts the description of the wait first, and
 * never the seconds.
 */
export function waitText(wait: LiveWait, width: number): string {
	return fitted('waiting for ', wait, width);
}

/** Returns the same text with the scenario before it. */
export function waitLine(wait: LiveWait, width: number): string {
	const where = printable(wait.where);
	const rest = `: waiting for `.length + printable(wait.what).length + `, ${progress(wait)}`.length;
	const room = Math.max(Math.floor(width * SHARE_OF_WHERE), width - rest - INDENT.length);
	return fitted(`${INDENT}${cut(where, room)}: waiting for `, wait, width);
}

function fitted(before: string, wait: LiveWait, width: number): string {
	const after = `, ${progress(wait)}`;
	return cut(`${before}${cut(printable(wait.what), Math.max(0, width - before.length - after.length))}${after}`, width);
}
