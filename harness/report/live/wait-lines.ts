import { cut, printable } from '../text-format.ts';
import type { OpenWait } from './running-scenarios.ts';

/** What has been waited for less long is not shown: it would only flicker. */
const WORTH_A_LINE_MS = 1_000;
/** Where a wait is and what it is for share what room there is; this part is kept for the former. */
const PART_OF_WHERE = 0.3;
const INDENT = '  ';

/** Whether a wait has lasted long enough to be shown. */
export function isWorthALine({ shownMs }: OpenWait): boolean {
	return shownMs >= WORTH_A_LINE_MS;
}

/** `8 of at most 27 s` */
export function progress({ waitedMs, limitMs }: Pick<OpenWait, 'waitedMs' | 'limitMs'>): string {
	const seconds = Math.floor(waitedMs / 1_000);
	return limitMs === undefined ? `${seconds} s so far` : `${seconds} of at most ${Math.ceil(limitMs / 1_000)} s`;
}

/**
 * `waiting for read to fail, 8 of at most 27 s`, no longer than the width: what is waited for is cut first, and never
 * the seconds.
 */
export function waitText(wait: OpenWait, width: number): string {
	return fitted('waiting for ', wait, width);
}

/** The same, after the scenario that waits. */
export function waitLine(wait: OpenWait, width: number): string {
	const where = printable(wait.where);
	const rest = `: waiting for `.length + printable(wait.what).length + `, ${progress(wait)}`.length;
	const room = Math.max(Math.floor(width * PART_OF_WHERE), width - rest - INDENT.length);
	return fitted(`${INDENT}${cut(where, room)}: waiting for `, wait, width);
}

function fitted(before: string, wait: OpenWait, width: number): string {
	const after = `, ${progress(wait)}`;
	return cut(`${before}${cut(printable(wait.what), Math.max(0, width - before.length - after.length))}${after}`, width);
}
