/** Whose folders in the temporary directory are believed, and which are removed. */
import { chmod, chown, mkdir, mkdtemp, readdir, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { EngineRunner, Run, RunIdentity } from '../engines/engine.ts';
import { deadOwner, ofOtherBoot, ofOtherMachine } from '../engines/fixtures/owners.ts';
import { thisProcess } from '../engines/owner.ts';
import { sweepDeadRuns } from './dead-runs.ts';
import { directoryOf, makeDirectory, removeDirectory, runsWithDirectory } from './directory.ts';
import { assertRun } from './handover.ts';

let place: string;
/** In place of the temporary directory. */
let parent: string;
let victim: string;

beforeEach(async () => {
	place = await realpath(await mkdtemp(join(tmpdir(), 'halfopen-directory-')));
	parent = join(place, 'tmp');
	await mkdir(parent);
	victim = join(place, 'victim');
	await mkdir(victim);
	await writeFile(join(victim, 'precious'), '');
});

afterEach(async () => {
	await rm(place, { recursive: true, force: true });
});

const runOf = (id: string, owner = deadOwner()): Run => ({ id, owner, directory: directoryOf(id, parent) });

/** A folder that somebody made, with what it says of itself. */
async function plant(name: string, told: unknown, mode = 0o700): Promise<string> {
	const path = join(parent, name);
	await mkdir(path, { mode });
	await chmod(path, mode);
	await writeFile(join(path, 'run.json'), typeof told === 'string' ? told : JSON.stringify(told));
	return path;
}

/** An engine that has these runs, and writes down which it is to sweep. */
function engineWith(...runs: readonly RunIdentity[]): { engine: EngineRunner; swept: RunIdentity[] } {
	const swept: RunIdentity[] = [];
	const sweep = async (run: RunIdentity) => {
		swept.push(run);
		return [];
	};
	return { engine: { name: 'unit', runs: async () => [...runs], sweep } as unknown as EngineRunner, swept };
}

test('a folder is its user’s alone, and of a new name', async () => {
	const run = runOf('abc1', thisProcess());
	await makeDirectory(run, 'unit');
	expect((await stat(run.directory)).mode & 0o777).toBe(0o700);
	expect((await stat(join(run.directory, 'run.json'))).mode & 0o777).toBe(0o600);
	await expect(makeDirectory(run, 'unit')).rejects.toMatchObject({ code: 'EEXIST' });
	await symlink(victim, directoryOf('abc2', parent));
	await expect(makeDirectory(runOf('abc2'), 'unit')).rejects.toMatchObject({ code: 'EEXIST' });
	expect(await readdir(victim)).toEqual(['precious']);
});

test('dead runs of ours are swept, with their folders, and no others', async () => {
	const [dead, rebooted, alive, elsewhere] = [
		runOf('dead'),
		runOf('old', ofOtherBoot()),
		runOf('alive', thisProcess()),
		runOf('far', ofOtherMachine()),
	];
	for (const run of [dead, rebooted, alive, elsewhere]) await makeDirectory(run, 'unit');
	await makeDirectory(runOf('other'), 'another-engine');
	const { engine, swept } = engineWith();
	await sweepDeadRuns(engine, parent);
	expect(swept.map(({ id }) => id).sort()).toEqual(['dead', 'old']);
	expect((await readdir(parent)).sort()).toEqual(['halfopen-run-alive', 'halfopen-run-far', 'halfopen-run-other']);
});

describe('what others have put there is not believed, and stays', () => {
	const owner = deadOwner();
	const told = { id: 'bait', owner, engine: 'unit' };

	/** Sweeps, and passes if nothing was: the folder of this name and the victim are as they were. */
	async function nothingHappens(name: string): Promise<void> {
		const before = [await readdir(parent), await readdir(victim)];
		expect(await runsWithDirectory('unit', parent)).toEqual([]);
		const { engine, swept } = engineWith();
		await sweepDeadRuns(engine, parent);
		await removeDirectory({ id: 'bait', owner }, parent);
		expect(swept).toEqual([]);
		expect([await readdir(parent), await readdir(victim)]).toEqual(before);
		expect(await readdir(parent)).toContain(name);
	}

	test.each([
		['a way out of the temporary directory', { ...told, id: 'x/../../victim' }],
		['another folder’s id', { ...told, id: 'other' }],
		['an owner that is none', { ...told, owner: 'machine:1' }],
		['no words', 7],
		['nothing', null],
		['no JSON', '{'],
	])('a folder that tells %s', async (_what, identity) => {
		await plant('halfopen-run-bait', identity);
		// As a way out needs: `rm` of `halfopen-run-x/../../victim`.
		await mkdir(join(parent, 'halfopen-run-x'));
		await nothingHappens('halfopen-run-bait');
	});

	test.each([0o755, 0o777, 0o1777, 0o750])('a folder of mode %o', async (mode) => {
		await plant('halfopen-run-bait', told, mode);
		await nothingHappens('halfopen-run-bait');
	});

	test('a link to a folder', async () => {
		await chmod(victim, 0o700);
		await writeFile(join(victim, 'run.json'), JSON.stringify(told));
		await symlink(victim, join(parent, 'halfopen-run-bait'));
		await nothingHappens('halfopen-run-bait');
	});

	test('a link in place of what a folder tells', async () => {
		await writeFile(join(victim, 'told'), JSON.stringify(told));
		const path = await plant('halfopen-run-bait', '');
		await rm(join(path, 'run.json'));
		await symlink(join(victim, 'told'), join(path, 'run.json'));
		await nothingHappens('halfopen-run-bait');
	});

	const testAsRoot = process.getuid?.() === 0 ? test : test.skip;
	testAsRoot('a folder of another user', async () => {
		await chown(await plant('halfopen-run-bait', told), 65_534, 65_534);
		await nothingHappens('halfopen-run-bait');
	});
});

test('a dead run that cannot be swept keeps its folder for the next run, which is said; the others are swept', async () => {
	for (const id of ['one', 'stuck', 'two']) await makeDirectory(runOf(id), 'unit');
	const { engine, swept } = engineWith();
	const sweep = async (run: RunIdentity) => {
		if (run.id === 'stuck') throw new Error('It holds a lock.');
		return engine.sweep(run);
	};
	const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
	try {
		await sweepDeadRuns({ ...engine, sweep }, parent);
		expect(swept.map(({ id }) => id).sort()).toEqual(['one', 'two']);
		expect(await readdir(parent)).toEqual(['halfopen-run-stuck']);
		expect(said.mock.calls.flat()).toEqual(['halfopen: an earlier run could not be swept. It holds a lock.\n']);
		await sweepDeadRuns(engine, parent);
		expect(await readdir(parent)).toEqual([]);
	} finally {
		said.mockRestore();
	}
});

test('who says to be of our run, and has another owner, does not get our folder removed', async () => {
	const ours = runOf('ours', thisProcess());
	await makeDirectory(ours, 'unit');
	const { engine, swept } = engineWith({ id: 'ours', owner: deadOwner() });
	await sweepDeadRuns(engine, parent);
	// The engine is asked for what that owner has, which is not ours.
	expect(swept).toEqual([{ id: 'ours', owner: deadOwner() }]);
	expect(await runsWithDirectory('unit', parent)).toHaveLength(1);
});

test('runs that an engine has of another machine, or of another boot, are left, and that is said', async () => {
	const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
	try {
		const { engine, swept } = engineWith({ id: 'far', owner: ofOtherMachine() }, { id: 'copy', owner: ofOtherBoot() });
		await sweepDeadRuns(engine, parent);
		expect(swept).toEqual([]);
		expect(said.mock.calls.flat().join('')).toMatch(/left alone: far, copy\n$/);
	} finally {
		said.mockRestore();
	}
});

test('a run that is handed over has a folder of its own name', () => {
	const run = runOf('abc1', thisProcess());
	expect(assertRun(JSON.parse(JSON.stringify(run)))).toEqual(run);
	for (const directory of [
		'',
		'/',
		victim,
		'halfopen-run-abc1',
		`${directoryOf('abc1', parent)}/..`,
		directoryOf('abc2', parent),
	])
		expect(() => assertRun({ ...run, directory })).toThrow('[RUN_INVALID]');
	expect(() => assertRun({ ...run, id: '../victim' })).toThrow('[RUN_INVALID]');
});
