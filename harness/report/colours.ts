import type { MarkKind } from './ladder/model.ts';

/** What a piece of a ladder is, for its colour. */
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

/** SGR numbers. Red is what failed, yellow what was broken on purpose, cyan what the kernel holds. */
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

/** Colours for a terminal, or none. Paint after measuring: what it adds has no width. */
export function painter(colour: boolean): Paint {
	if (!colour) return (_tone, text) => text;
	return (tone, text) =>
		SGR[tone] === undefined || text.trim() === '' ? text : `\u001b[${SGR[tone]}m${text}\u001b[0m`;
}
