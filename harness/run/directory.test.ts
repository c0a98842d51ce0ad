/** Which folders in the temporary directory count as those of runs, and which are removed. */
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

let folder: string;
/** Used instead of the temporary directory. */
let parent: string;
let victim: string;

beforeEach(async () => {
	folder = await realpath(await mkdtemp(join(tmpdir(), 'halfopen-directory-')));
	parent = join(folder, 'tmp');
	await mkdir(parent);
	victim = join(folder, 'victim');
	await mkdir(victim);
	await writeFile(join(victim, 'precious'), '');
});

afterEach(async () => {
	await rm(folder, { recursive: true, force: true });
});

const runOf = (id: string, owner = deadOwner()): Run => ({
	id,
	owner,
	directory: directoryOf(id, parent),
	family: 'ipv4',
});

/** Creates a folder with this `run.json`. */
async function plant(name: string, identity: unknown, mode = 0o700): Promise<string> {
	const path = join(parent, name);
	await mkdir(path, { mode });
	await chmod(path, mode);
	await writeFile(join(path, 'run.json'), typeof identity === 'string' ? identity : JSON.stringify(identity));
	return path;
}

/** Returns an engine that has these runs, and a list of the runs that it was asked to sweep. */
function engineWith(...runs: readonly RunIdentity[]): { engine: EngineRunner; swept: RunIdentity[] } {
	const swept: RunIdentity[] = [];
	const sweep = async (run: RunIdentity) => {
		swept.push(run);
		return [];
	};
	return { engine: { name: 'unit', runs: async () => [...runs], sweep } as unknown as EngineRunner, swept };
}

test('creates a folder that only its user can read, and never uses an existing one', async () => {
	const run = runOf('abc1', thisProcess());
	await makeDirectory(run, 'unit');
	expect((await stat(run.directory)).mode & 0o777).toBe(0o700);
	expect((await stat(join(run.directory, 'run.json'))).mode & 0o777).toBe(0o600);
	await expect(makeDirectory(run, 'unit')).rejects.toMatchObject({ code: 'EEXIST' });
	await symlink(victim, directoryOf('abc2', parent));
	await expect(makeDirectory(runOf('abc2'), 'unit')).rejects.toMatchObject({ code: 'EEXIST' });
	expect(await readdir(victim)).toEqual(['precious']);
});

test('sweeps only dead runs of this user and engine, and removes their folders', async () => {
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

describe('ignores and keeps folders that are not those of a run', () => {
	const owner = deadOwner();
	const valid = { id: 'bait', owner, engine: 'unit' };

	/** Sweeps, and expects that the folder of this name and the victim have not changed. */
	async function expectUnchanged(name: string): Promise<void> {
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
		['a path out of the temporary directory', { ...valid, id: 'x/../../victim' }],
		['the id of another folder', { ...valid, id: 'other' }],
		['an invalid owner', { ...valid, owner: 'machine:1' }],
		['a number', 7],
		['null', null],
		['invalid JSON', '{'],
	])('a folder whose identity is %s', async (_what, identity) => {
		await plant('halfopen-run-bait', identity);
		// With this folder, `rm -r halfopen-run-x/../../victim` would work.
		await mkdir(join(parent, 'halfopen-run-x'));
		await expectUnchanged('halfopen-run-bait');
	});

	test.each([0o755, 0o777, 0o1777, 0o750])('a folder of mode %o', async (mode) => {
		await plant('halfopen-run-bait', valid, mode);
		await expectUnchanged('halfopen-run-bait');
	});

	test('a symbolic link to a folder', async () => {
		await chmod(victim, 0o700);
		await writeFile(join(victim, 'run.json'), JSON.stringify(valid));
		await symlink(victim, join(parent, 'halfopen-run-bait'));
		await expectUnchanged('halfopen-run-bait');
	});

	test('a folder whose run.json is a symbolic link', async () => {
		await writeFile(join(victim, 'identity'), JSON.stringify(valid));
		const path = await plant('halfopen-run-bait', '');
		await rm(join(path, 'run.json'));
		await symlink(join(victim, 'identity'), join(path, 'run.json'));
		await expectUnchanged('halfopen-run-bait');
	});

	const testAsRoot = process.getuid?.() === 0 ? test : test.skip;
	testAsRoot('a folder of another user', async () => {
		await chown(await plant('halfopen-run-bait', valid), 65_534, 65_534);
		await expectUnchanged('halfopen-run-bait');
	});
});

test('a dead run that cannot be swept keeps its folder, with a message; the others are swept', async () => {
	for (const id of ['one', 'stuck', 'two']) await makeDirectory(runOf(id), 'unit');
	const { engine, swept } = engineWith();
	const sweep = async (run: RunIdentity) => {
		if (run.id === 'stuck') throw new Error('It holds a lock.');
		return engine.sweep(run);
	};
	const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
	try {
		await sweepDeadRuns({ ...engine, sweep }, parent);
		expect(swept.map(({ id }) => id).sort()).toEqual(['one', 'two']);
		expect(await readdir(parent)).toEqual(['halfopen-run-stuck']);
		expect(stderr.mock.calls.flat()).toEqual(['halfopen: an earlier run could not be swept. It holds a lock.\n']);
		await sweepDeadRuns(engine, parent);
		expect(await readdir(parent)).toEqual([]);
	} finally {
		stderr.mockRestore();
	}
});

test('objects of a run with the same id and another owner do not cause the folder to be removed', async () => {
	const ours = runOf('ours', thisProcess());
	await makeDirectory(ours, 'unit');
	const { engine, swept } = engineWith({ id: 'ours', owner: deadOwner() });
	await sweepDeadRuns(engine, parent);
	// The engine sweeps only the objects of that owner.
	expect(swept).toEqual([{ id: 'ours', owner: deadOwner() }]);
	expect(await runsWithDirectory('unit', parent)).toHaveLength(1);
});

test('runs of another machine or boot are left alone, with a message', async () => {
	const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
	try {
		const { engine, swept } = engineWith({ id: 'far', owner: ofOtherMachine() }, { id: 'copy', owner: ofOtherBoot() });
		await sweepDeadRuns(engine, parent);
		expect(swept).toEqual([]);
		expect(stderr.mock.calls.flat().join('')).toMatch(/left alone: far, copy\n$/);
	} finally {
		stderr.mockRestore();
	}
});

test('the folder of a run that is handed over must have its name', () => {
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
