import type { Size } from './screen.ts';

/** Assumed for a terminal that does not report its size. */
const USUAL: Size = { columns: 80, rows: 24 };

/**
 * Whether output is redrawn in place on this stream: it is a terminal that can, and not the log of a build server. Jest
 * uses the same rule.
 */
export function isDrawnInPlace(
	stream: { readonly isTTY?: boolean },
	{ CI = '', TERM }: NodeJS.ProcessEnv = process.env,
): boolean {
	return stream.isTTY === true && TERM !== 'dumb' && ['', '0', 'false'].includes(CI);
}

/** How large a stream’s terminal is. */
export function sizeOf({ columns, rows }: Partial<Size>): Size {
	return { columns: columns || USUAL.columns, rows: rows || USUAL.rows };
}
