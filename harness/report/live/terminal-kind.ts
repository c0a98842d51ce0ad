import type { Size } from './screen.ts';

/** The assumed size of a terminal that does not report its size. */
const USUAL: Size = { columns: 80, rows: 24 };

/**
 * Returns whether output on this stream is redrawn in place: the stream must be a terminal that supports it, and not
 * the log of a build server. Jest uses the same rule.
 */
export function isDrawnInPlace(
	stream: { readonly isTTY?: boolean },
	{ CI = '', TERM }: NodeJS.ProcessEnv = process.env,
): boolean {
	return stream.isTTY === true && TERM !== 'dumb' && ['', '0', 'false'].includes(CI);
}

/** Returns the size of a stream’s terminal. */
export function sizeOf({ columns, rows }: Partial<Size>): Size {
	return { columns: columns || USUAL.columns, rows: rows || USUAL.rows };
}
