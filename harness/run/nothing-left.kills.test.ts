/** Whenever a run is killed, and however: soon nothing of it is left. */

import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Clone, cloneProject } from './fixtures/clone.ts';
import { leftoversOf, untilNothingIsLeft } from './fixtures/leftovers.ts';
import { NestedRun } from './fixtures/nested-run.ts';

const KILLS = 20;
const SIDE_BY_SIDE = 2;
const CLEAN_WITHIN_MS = 10_000;
/** Generous: what is measured is the time after a kill, and the machine may have other runs to see to. */
const LIMIT_MS = 600_000;
/** To repeat a failure, give what the failed run printed. */
const seed = Number(process.env.HALFOPEN_SEED ?? Date.now() % 1_000_000);

/** Of what a run may have. */
const KINDS = [
	'network',
	'container',
	'namespaced process',
	'guest process',
	'unfinished snapshot',
	'trace instance',
	'process',
	'folder',
];

type Way = readonly [signal: NodeJS.Signals, whom: 'runner' | 'group'];

/** As a terminal's Ctrl-C, as a time limit of CI, with all workers at once; all others are SIGKILL to Jest alone. */
const OTHER_WAYS: readonly Way[] = [
	['SIGINT', 'group'],
	['SIGTERM', 'runner'],
	['SIGKILL', 'group'],
];

interface Kill {
	readonly way: Way;
	readonly afterMs: number;
	readonly random: () => number;
}

interface Outcome {
	/** How and when it was killed, what was there then, and how long until nothing was. */
	readonly line: string;
	readonly left: readonly string[];
}

/** One for each of the runs side by side, which would write over each other's reports. */
let clones: readonly Clone[];

beforeAll(async () => {
	const specs = { one: 'to-be-killed.ts', two: 'to-be-killed.ts', three: 'to-be-killed.ts' };
	clones = await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => cloneProject(specs)));
});

afterAll(async () => {
	await Promise.all(clones.map((clone) => clone[Symbol.asyncDispose]()));
});

test(
	'a run that is killed at any of twenty random moments leaves nothing behind',
	async () => {
		// Side by side, as the killed ones will be.
		const lengths = await Promise.all(clones.map(lengthOfRun));
		const lengthMs = Math.min(...lengths);
		const kills = drawKills(lengthMs);
		const outcomes: Outcome[] = [];
		while (kills.length > 0) {
			// All of a group begin together, and none before the last group is done: the start of a run sweeps what the
			// watchdogs are to sweep.
			const group = clones.flatMap((clone) => kills.splice(0, 1).map((kill) => killRun(clone, kill)));
			for (const outcome of await Promise.all(group)) {
				if ('line' in outcome) outcomes.push(outcome);
				else kills.push(outcome);
			}
		}
		const heading = `${KILLS} kills of runs of ${(lengthMs / 1_000).toFixed(1)} s, HALFOPEN_SEED=${seed}`;
		process.stderr.write(`${[heading, ...outcomes.map(({ line }) => `  ${line}`)].join('\n')}\n`);
		expect(outcomes.filter(({ left }) => left.length > 0)).toEqual([]);
	},
	LIMIT_MS,
);

async function lengthOfRun(clone: Clone): Promise<number> {
	const start = Date.now();
	const run = startRun(clone);
	const status = await run.ended;
	const tookMs = Date.now() - start;
	if (status !== 0) throw new Error(`A run that was not killed failed:\n${run.output}`);
	expect(await leftoversOf(run)).toEqual([]);
	return tookMs;
}

/**
 * A run that is over by then was quicker than those that were measured: the kill to try instead, within the time that
 * it took.
 */
async function killRun(clone: Clone, { way, afterMs, random }: Kill): Promise<Outcome | Kill> {
	const start = Date.now();
	const run = startRun(clone);
	await Promise.race([wait(afterMs), run.ended]);
	const there = await leftoversOf(run);
	if (!run.isRunning) return { way, afterMs: Math.floor(random() * (Date.now() - start)), random };
	const [signal, whom] = way;
	run.kill(signal, whom);
	const { left, tookMs } = await untilNothingIsLeft(run, CLEAN_WITHIN_MS);
	const [after, clean] = [afterMs, tookMs].map((ms) => `${(ms / 1_000).toFixed(1)} s`);
	return { line: `${signal} to the ${whom} after ${after}: ${describe(there)}; nothing left after ${clean}`, left };
}

function startRun(clone: Clone): NestedRun {
	return new NestedRun(clone, ['--maxWorkers=2']);
}

/** The earliest first: those of a group take about as long then. */
function drawKills(lengthMs: number): Kill[] {
	const kills = Array.from({ length: KILLS }, (_, index): Kill => {
		const random = randomNumbers(seed + index);
		return { way: OTHER_WAYS[index] ?? ['SIGKILL', 'runner'], afterMs: Math.floor(random() * lengthMs), random };
	});
	return kills.sort((a, b) => a.afterMs - b.afterMs);
}

/** From 0 to 1, the same for the same seed (mulberry32). */
function randomNumbers(from: number): () => number {
	let state = from;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** `2 networks, 8 containers, 1 trace instance, 4 processes`. */
function describe(things: readonly string[]): string {
	const counts = KINDS.map((kind) => {
		const count = things.filter((thing) => thing.startsWith(kind)).length;
		return count === 0 ? [] : [`${count} × ${kind}`];
	});
	return counts.flat().join(', ') || 'nothing yet';
}
