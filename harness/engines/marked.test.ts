import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { RunIdentity } from './engine.ts';
import { deadOwner } from './fixtures/owners.ts';
import { markedProcesses, markOf } from './marked.ts';
import { thisProcess } from './owner.ts';
import { markedRuns, sweepMarked } from './sweep-marked.ts';

/** No engine has this name, and so no run of it is another's. */
const ENGINE = `unit${process.pid}`;
const ours = { id: 'ours', owner: thisProcess() };
const others = { id: 'others', owner: deadOwner() };

const engines = [ENGINE, `${ENGINE}0`];

afterEach(async () => {
	for (const engine of engines)
		for (const { mark } of await markedProcesses(engine)) await sweepMarked(engine, mark, 0);
});

/**
 * Starts a process of a run, with one of its own, which has its mark from it; passes when both are there, or a sweep
 * was quicker.
 */
async function start(run: RunIdentity, engine = ENGINE, uid?: number): Promise<ChildProcess> {
	const child = spawn('sh', ['-c', 'sleep 60 & echo started; wait'], {
		env: { PATH: process.env.PATH, ...markOf(engine, run) },
		...(uid !== undefined && { uid }),
	});
	await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
	return child;
}

const processesOf = async ({ id }: RunIdentity) => (await markedProcesses(ENGINE)).filter(({ mark }) => mark.id === id);

test('processes of a run are found by their mark, with those that they have started, and whose they are', async () => {
	const { pid } = await start(ours);
	await start(others);
	const found = await processesOf(ours);
	expect(found).toContainEqual({ pid, name: 'sh', isOwnUser: true, mark: ours });
	expect(found).toHaveLength(2);
	expect((await markedRuns(ENGINE)).sort((a, b) => b.id.localeCompare(a.id))).toEqual([ours, others]);
});

test('no others are: of another engine, or of none', async () => {
	await start(ours, `${ENGINE}0`);
	expect(await markedProcesses(ENGINE)).toEqual([]);
	expect(await markedRuns(ENGINE)).toEqual([]);
	expect((await markedProcesses('')).filter(({ pid }) => pid === process.pid)).toEqual([]);
});

test.each(['../victim', 'x/../../victim', '', 'a b'])(
	'a process that says to be of run “%s” is of none',
	async (id) => {
		const liar = spawn('sleep', ['60'], { env: { PATH: process.env.PATH, ...markOf(ENGINE, { ...ours, id }) } });
		await once(liar, 'spawn');
		expect(await markedProcesses(ENGINE)).toEqual([]);
		liar.kill('SIGKILL');
	},
);

const testAsRoot = process.getuid?.() === 0 ? test : test.skip;
testAsRoot(
	'what another user’s process says of itself makes no run; a program of ours that has become another user is swept',
	async () => {
		await start(ours, ENGINE, 65_534);
		expect(await markedProcesses(ENGINE)).toHaveLength(2);
		expect(await markedRuns(ENGINE)).toEqual([]);
		expect(await sweepMarked(ENGINE, ours, 0)).toHaveLength(2);
	},
);

describe('a sweep', () => {
	test('kills all processes of the run, and nobody else’s; it tells their names', async () => {
		await start(ours);
		await start(others);
		const swept = await sweepMarked(ENGINE, ours, 0);
		expect(swept).toEqual([
			expect.stringMatching(/^process \d+ sh$/),
			expect.stringMatching(/^process \d+ (sh|sleep)$/),
		]);
		expect(await processesOf(ours)).toEqual([]);
		expect(await processesOf(others)).toHaveLength(2);
		expect(await sweepMarked(ENGINE, ours, 0)).toEqual([]);
	});

	test('not of who has the run’s id and another owner', async () => {
		await start(ours);
		const liar = { id: ours.id, owner: others.owner };
		await start(liar);
		expect(await sweepMarked(ENGINE, liar, 0)).toHaveLength(2);
		expect(await processesOf(ours)).toHaveLength(2);
		expect((await processesOf(ours)).map(({ mark }) => mark)).toEqual([ours, ours]);
	});

	test('also of one that does not run', async () => {
		const child = await start(ours);
		child.kill('SIGSTOP');
		await sweepMarked(ENGINE, ours, 0);
		expect(await processesOf(ours)).toEqual([]);
	});

	test('goes on until nothing has come for a while', async () => {
		// Longer than a busy machine takes to start the next one.
		const sweeping = sweepMarked(ENGINE, ours, 5_000);
		for (let round = 0; round < 3; round++) {
			const child = await start(ours);
			if (child.signalCode === null) await once(child, 'exit');
		}
		expect((await sweeping).length).toBeGreaterThanOrEqual(3);
	});
});
