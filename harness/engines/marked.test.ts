import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { until } from '../agent/fixture.ts';
import type { RunIdentity } from './engine.ts';
import { deadOwner } from './fixtures/owners.ts';
import { markedProcesses, markOf } from './marked.ts';
import { thisProcess } from './owner.ts';
import { markedRuns, sweepMarked } from './sweep-marked.ts';

/** A name that no engine has, so that no other run uses it. */
const ENGINE = `unit${process.pid}`;
const ours = { id: 'ours', owner: thisProcess() };
const others = { id: 'others', owner: deadOwner() };

const engines = [ENGINE, `${ENGINE}0`];

afterEach(async () => {
	for (const engine of engines)
		for (const { mark } of await markedProcesses(engine)) await sweepMarked(engine, mark, 0);
});

/**
 * Starts a process of a run and a child of it, which inherits the mark. Resolves when both are found, or when a sweep
 * has killed them. While the child executes `sleep`, the kernel shows no environment of it (mm_struct, env_start).
 */
async function start(run: RunIdentity, engine = ENGINE, uid?: number): Promise<ChildProcess> {
	const child = spawn('sh', ['-c', 'sleep 60 & wait'], {
		env: { PATH: process.env.PATH, ...markOf(engine, run) },
		...(uid !== undefined && { uid }),
	});
	const isOfRun = ({ mark: { id, owner } }: { mark: RunIdentity }) => id === run.id && owner === run.owner;
	const areFound = async () => (await markedProcesses(engine)).filter(isOfRun).length === 2;
	await until(async () => child.exitCode !== null || child.signalCode !== null || areFound());
	return child;
}

const processesOf = async ({ id }: RunIdentity) => (await markedProcesses(ENGINE)).filter(({ mark }) => mark.id === id);

test('finds the processes of a run and their children by their mark, with the owner of the run', async () => {
	const { pid } = await start(ours);
	await start(others);
	const found = await processesOf(ours);
	expect(found).toContainEqual({ pid, name: 'sh', isOwnUser: true, mark: ours });
	expect(found).toHaveLength(2);
	expect((await markedRuns(ENGINE)).sort((a, b) => b.id.localeCompare(a.id))).toEqual([ours, others]);
});

test('does not find processes of another engine, or without a mark', async () => {
	await start(ours, `${ENGINE}0`);
	expect(await markedProcesses(ENGINE)).toEqual([]);
	expect(await markedRuns(ENGINE)).toEqual([]);
	expect((await markedProcesses('')).filter(({ pid }) => pid === process.pid)).toEqual([]);
});

test.each(['../victim', 'x/../../victim', '', 'a b'])('ignores a process with the invalid run id “%s”', async (id) => {
	const forged = spawn('sleep', ['60'], { env: { PATH: process.env.PATH, ...markOf(ENGINE, { ...ours, id }) } });
	await once(forged, 'spawn');
	expect(await markedProcesses(ENGINE)).toEqual([]);
	forged.kill('SIGKILL');
});

const testAsRoot = process.getuid?.() === 0 ? test : test.skip;
testAsRoot(
	'a marked process of another user does not count as a run, but is swept with the run of its mark',
	async () => {
		await start(ours, ENGINE, 65_534);
		expect(await markedProcesses(ENGINE)).toHaveLength(2);
		expect(await markedRuns(ENGINE)).toEqual([]);
		expect(await sweepMarked(ENGINE, ours, 0)).toHaveLength(2);
	},
);

describe('a sweep', () => {
	test('kills all processes of the run and no others, and returns their names', async () => {
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

	test('does not kill processes of a run with the same id and another owner', async () => {
		await start(ours);
		const forged = { id: ours.id, owner: others.owner };
		await start(forged);
		expect(await sweepMarked(ENGINE, forged, 0)).toHaveLength(2);
		expect(await processesOf(ours)).toHaveLength(2);
		expect((await processesOf(ours)).map(({ mark }) => mark)).toEqual([ours, ours]);
	});

	test('kills stopped processes, too', async () => {
		const child = await start(ours);
		child.kill('SIGSTOP');
		await sweepMarked(ENGINE, ours, 0);
		expect(await processesOf(ours)).toEqual([]);
	});

	test('continues until no process has appeared for a while', async () => {
		// Longer than a busy machine takes to start the next one.
		const sweeping = sweepMarked(ENGINE, ours, 5_000);
		for (let round = 0; round < 3; round++) {
			const child = await start(ours);
			if (child.signalCode === null) await once(child, 'exit');
		}
		expect((await sweeping).length).toBeGreaterThanOrEqual(3);
	});
});
