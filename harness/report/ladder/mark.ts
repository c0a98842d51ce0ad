import { cutQuoted, printable, wrap } from '../text-format.ts';
import type { Mark } from './model.ts';

const SHORTEST_DETAIL = 6;

/**
 * Formats a mark as lines of at most this width. Cuts its detail first, puts a long result on a separate line, and
 * wraps the rest.
 */
export function markLines({ head, detail, tail, times }: Mark, width: number): string[] {
	const count = times > 1 ? `${times}x ` : '';
	const [before, middle, after] = [printable(`${count}${head}`), printable(detail), printable(tail)];
	const result = after.indexOf(' = ');
	if (before.length + middle.length + after.length > width && result !== -1 && after.length > width / 2) {
		return [...shortened(before, middle, after.slice(0, result), width), ...wrap(after.slice(result + 1), width)];
	}
	return shortened(before, middle, after, width);
}

function shortened(before: string, middle: string, after: string, width: number): string[] {
	const room = Math.max(width - before.length - after.length, SHORTEST_DETAIL);
	return wrap(`${before}${cutQuoted(middle, room)}${after}`, width);
}
