import { expect, test } from '@jest/globals';
import { type SweepResult, sweepUntilQuiet } from './sweep-until-quiet.ts';

/** Looks that find these things in turn, and then nothing; each look removes what it finds but what is `held`. */
function looks(...found: readonly (readonly string[])[]): { look: () => Promise<SweepResult>; count: () => number } {
	const left = [...found];
	let count = 0;
	const look = async () => {
		count++;
		const now = left.shift() ?? [];
		return { found: now, removed: now.filter((name) => name !== 'held') };
	};
	return { look, count: () => count };
}

const options = { quietMs: 0, pollMs: 1, what: 'It', remedy: 'Look.' };

test('goes on while anything is found, and names once what was removed', async () => {
	const { look, count } = looks(['a', 'held'], ['a', 'held'], ['b']);
	expect(await sweepUntilQuiet(look, options)).toEqual(['a', 'b']);
	// The three that find something, and one that does not.
	expect(count()).toBe(4);
});

test('waits for what is still to come until nothing has come for so long', async () => {
	const { look } = looks([], [], ['late']);
	expect(await sweepUntilQuiet(look, { ...options, quietMs: 1_000 })).toEqual(['late']);
});
