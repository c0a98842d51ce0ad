import type { Size } from './screen.ts';

/** What a terminal is taken for that does not say. */
const USUAL: Size = { columns: 80, rows: 24 };

/**
 * Whether Jest draws in place on the standard output: it is a terminal that can, and nobody’s log. Jest goes by the
 * same.
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
