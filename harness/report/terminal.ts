import type { WriteStream } from 'node:tty';
import { type Paint, painter } from './colours.ts';

const WITHOUT_TERMINAL = 100;

/** Returns the width for drawing on a stream: its terminal's width within these bounds, or 100 columns for a log. */
export function widthOf(
	stream: Pick<WriteStream, 'columns'>,
	{ least, most }: { least: number; most: number },
): number {
	return Math.min(most, Math.max(least, stream.columns ?? WITHOUT_TERMINAL));
}

/**
 * Returns whether a stream shows colours: a terminal does, or any stream with FORCE_COLOR. NO_COLOR disables them
 * (no-color.org).
 */
export function hasColour(stream: Pick<WriteStream, 'isTTY'>, environment: NodeJS.ProcessEnv = process.env): boolean {
	if ((environment.NO_COLOR ?? '') !== '') return false;
	return stream.isTTY === true || !['', '0', 'false'].includes(environment.FORCE_COLOR ?? '');
}

export function paintFor(stream: Pick<WriteStream, 'isTTY'>): Paint {
	return painter(hasColour(stream));
}
