import { expect, test } from '@jest/globals';
import { type SweepResult, sweepUntilQuiet } from './sweep-until-quiet.ts';

/** Returns a sweep that finds these objects in turn and then nothing. It removes all of them except `held`. */
function sweepThatFinds(...found: readonly (readonly string[])[]): {
	sweepOnce: () => Promise<SweepResult>;
	count: () => number;
} {
	const left = [...found];
	let count = 0;
	const sweepOnce = async () => {
		count++;
		const now = left.shift() ?? [];
		return { found: now, removed: now.filter((name) => name !== 'held') };
	};
	return { sweepOnce, count: () => count };
}

const options = { quietMs: 0, pollMs: 1, what: 'It', remedy: 'Look.' };

test('continues while it finds anything, and returns each removed name once', async () => {
	const { sweepOnce, count } = sweepThatFinds(['a', 'held'], ['a', 'held'], ['b']);
	expect(await sweepUntilQuiet(sweepOnce, options)).toEqual(['a', 'b']);
	// Three sweeps find something, and the last finds nothing.
	expect(count()).toBe(4);
});

test('continues until nothing new has appeared for `quietMs`', async () => {
	const { sweepOnce } = sweepThatFinds([], [], ['late']);
	expect(await sweepUntilQuiet(sweepOnce, { ...options, quietMs: 1_000 })).toEqual(['late']);
});
