import type { WriteStream } from 'node:tty';
import { type Paint, painter } from './colours.ts';

const WITHOUT_TERMINAL = 100;

/** How wide a stream is drawn on: its terminal's width within bounds, or a width that fits a log. */
export function widthOf(
	stream: Pick<WriteStream, 'columns'>,
	{ least, most }: { least: number; most: number },
): number {
	return Math.min(most, Math.max(least, stream.columns ?? WITHOUT_TERMINAL));
}

/**
 * Whether a stream shows colours: a terminal, unless NO_COLOR says otherwise (no-color.org); FORCE_COLOR without one.
 */
export function hasColour(stream: Pick<WriteStream, 'isTTY'>, environment: NodeJS.ProcessEnv = process.env): boolean {
	if ((environment.NO_COLOR ?? '') !== '') return false;
	return stream.isTTY === true || !['', '0', 'false'].includes(environment.FORCE_COLOR ?? '');
}

export function paintFor(stream: Pick<WriteStream, 'isTTY'>): Paint {
	return painter(hasColour(stream));
}
