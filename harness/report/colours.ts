import type { MarkKind } from './ladder/model.ts';

/** The kind of a piece of text in a ladder or table. It determines the colour. */
export type Tone =
	| MarkKind
	| 'time'
	| 'line'
	| 'arrow'
	| 'lost'
	| 'fault'
	| 'healed'
	| 'step'
	| 'wait'
	| 'title'
	| 'holds'
	| 'differs';

/** SGR parameters. Failures are red, injected faults yellow, states of the kernel cyan. */
const SGR: Readonly<Partial<Record<Tone, string>>> = {
	time: '2',
	line: '2',
	wait: '2',
	lost: '31',
	fault: '1;33',
	healed: '33',
	step: '1',
	title: '1',
	state: '36',
	sockets: '2;36',
	'failed-call': '1;31',
	error: '31',
	reset: '31',
	process: '35',
	output: '35',
	holds: '32',
	differs: '33',
};

export type Paint = (tone: Tone, text: string) => string;

/**
 * Returns a function that adds colours for a terminal, or none. Measure texts before, because colours have no width.
 */
export function painter(colour: boolean): Paint {
	if (!colour) return (_tone, text) => text;
	return (tone, text) =>
		SGR[tone] === undefined || text.trim() === '' ? text : `\u001b[${SGR[tone]}m${text}\u001b[0m`;
}
