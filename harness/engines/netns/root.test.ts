/** The program that makes a host's root, in as far as it needs no namespace. */
import { lstat, mkdtemp, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { compile } from '../../util/compile.ts';
import { PROJECT_ROOT } from '../../util/project-root.ts';
import { ROOT_SOURCE } from '../binaries.ts';

let place: string;
let program: string;

beforeAll(async () => {
	place = await mkdtemp(join(tmpdir(), 'halfopen-root-'));
	program = join(place, 'program');
	await compile(program, [join(PROJECT_ROOT, ROOT_SOURCE)]);
});

afterAll(() => rm(place, { recursive: true, force: true }));

const take = (...words: readonly string[]) => execa(program, words, { reject: false, cwd: place });

test('folders have the mode that is wanted, whatever the umask, and those that are there get it', async () => {
	await take('folder', 'tmp', '755', 'folder', 'tmp', '1777', 'file', 'tmp/here', 'link', 'here', 'tmp/link');
	expect((await stat(join(place, 'tmp'))).mode & 0o7777).toBe(0o1777);
	expect((await lstat(join(place, 'tmp/here'))).isFile()).toBe(true);
	expect(await readlink(join(place, 'tmp/link'))).toBe('here');
});

describe('a step that fails is told, with its reason, and none is taken after it', () => {
	test.each([
		['where the place is missing', ['folder', 'no/where', '755'], 'No such file or directory: folder no/where 755'],
		['where there is no such program', ['run', './no-program'], 'No such file or directory: run ./no-program'],
		['where there is no such step', ['mkdir', 'one'], 'Invalid argument: mkdir one folder later 755'],
	])('%s', async (_where, step, told) => {
		const { exitCode, stderr } = await take(...step, 'folder', 'later', '755');
		expect([exitCode, stderr]).toEqual([1, `halfopen-root: ${told}`]);
		await expect(stat(join(place, 'later'))).rejects.toMatchObject({ code: 'ENOENT' });
	});
});

test('what is tried may be missing, but nothing else may be wrong with it', async () => {
	expect(await take('try', 'bind', 'nowhere', 'nowhere', 'ro', 'folder', 'after', '755')).toMatchObject({
		exitCode: 0,
	});
	expect((await stat(join(place, 'after'))).isDirectory()).toBe(true);
	expect(await take('try', 'link', 'after', 'after')).toMatchObject({
		exitCode: 1,
		stderr: 'halfopen-root: File exists: try link after after',
	});
});
