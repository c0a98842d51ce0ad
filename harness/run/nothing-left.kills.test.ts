/** Nothing is left of a run soon after it was killed, at any moment and in any way. */

import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Clone, cloneProject } from './fixtures/clone.ts';
import { leftoversOf, untilNothingIsLeft } from './fixtures/leftovers.ts';
import { NestedRun } from './fixtures/nested-run.ts';

const KILLS = 20;
const SIDE_BY_SIDE = 2;
const CLEAN_WITHIN_MS = 10_000;
/** Long, because the machine may be busy. What is measured is the time after a kill. */
const LIMIT_MS = 600_000;
/** To repeat a failure, set HALFOPEN_SEED to the value that the failed run printed. */
const seed = Number(process.env.HALFOPEN_SEED ?? Date.now() % 1_000_000);

/** The kinds of objects of a run. */
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

/** How a run is killed. */
type KillMethod = readonly [signal: NodeJS.Signals, whom: 'runner' | 'group'];

/**
 * Like Ctrl-C in a terminal, like a time limit of CI, and with all workers. All other kills are SIGKILL to Jest only.
 */
const OTHER_METHODS: readonly KillMethod[] = [
	['SIGINT', 'group'],
	['SIGTERM', 'runner'],
	['SIGKILL', 'group'],
];

interface Kill {
	readonly method: KillMethod;
	readonly afterMs: number;
	readonly random: () => number;
}

interface KillOutcome {
	/** The method and time of the kill, what existed then, and how long it took until nothing was left. */
	readonly line: string;
	readonly left: readonly string[];
}

/** One clone per concurrent run. In the same clone they would overwrite each other's reports. */
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
		// Concurrently, like the runs that will be killed.
		const lengths = await Promise.all(clones.map(lengthOfRun));
		const lengthMs = Math.min(...lengths);
		const kills = drawKills(lengthMs);
		const outcomes: KillOutcome[] = [];
		while (kills.length > 0) {
			// The runs of a group start together, after the last group has ended: the start of a run sweeps what the
			// watchdogs of others should sweep.
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
 * Kills a run. If the run has ended before, because it was quicker than the measured ones, returns another kill within
 * the time that it took.
 */
async function killRun(clone: Clone, { method, afterMs, random }: Kill): Promise<KillOutcome | Kill> {
	const start = Date.now();
	const run = startRun(clone);
	await Promise.race([wait(afterMs), run.ended]);
	const existing = await leftoversOf(run);
	if (!run.isRunning) return { method, afterMs: Math.floor(random() * (Date.now() - start)), random };
	const [signal, whom] = method;
	run.kill(signal, whom);
	const { left, tookMs } = await untilNothingIsLeft(run, CLEAN_WITHIN_MS);
	const [after, clean] = [afterMs, tookMs].map((ms) => `${(ms / 1_000).toFixed(1)} s`);
	return { line: `${signal} to the ${whom} after ${after}: ${describe(existing)}; nothing left after ${clean}`, left };
}

function startRun(clone: Clone): NestedRun {
	return new NestedRun(clone, ['--maxWorkers=2']);
}

/** Draws kills, the earliest first, so that the runs of a group take about as long. */
function drawKills(lengthMs: number): Kill[] {
	const kills = Array.from({ length: KILLS }, (_, index): Kill => {
		const random = randomNumbers(seed + index);
		return { method: OTHER_METHODS[index] ?? ['SIGKILL', 'runner'], afterMs: Math.floor(random() * lengthMs), random };
	});
	return kills.sort((a, b) => a.afterMs - b.afterMs);
}

/** Returns a generator of numbers from 0 to 1 with this seed (mulberry32). */
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
function describe(names: readonly string[]): string {
	const counts = KINDS.map((kind) => {
		const count = names.filter((name) => name.startsWith(kind)).length;
		return count === 0 ? [] : [`${count} × ${kind}`];
	});
	return counts.flat().join(', ') || 'nothing yet';
}
