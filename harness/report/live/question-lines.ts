import type { Paint } from '../colours.ts';
import { printable, wrap } from '../text-format.ts';
import type { Began } from './messages.ts';

/** Returns the lines to show while there is no ladder: the title and the question. */
export function questionLines({ scenario, question }: Began, width: number, paint: Paint): string[] {
	const title = wrap(printable(scenario), width).map((line) => paint('title', line));
	if (question === undefined) return title;
	const asked = wrap(printable(question), width - 5).map(
		(line, index) => `  ${paint('title', index === 0 ? 'Q' : ' ')}  ${line}`,
	);
	return [...title, '', ...asked];
}
