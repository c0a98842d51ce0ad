/** Steps of the program that assembles a host's root, as far as they need no namespace. */
import { lstat, mkdtemp, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { compile } from '../../util/compile.ts';
import { PROJECT_ROOT } from '../../util/project-root.ts';
import { ROOT_SOURCE } from '../binaries.ts';

let folder: string;
let program: string;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'halfopen-root-'));
	program = join(folder, 'program');
	await compile(program, [join(PROJECT_ROOT, ROOT_SOURCE)]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...words: readonly string[]) => execa(program, words, { reject: false, cwd: folder });

test('folder sets the mode of a new or an existing folder, whatever the umask', async () => {
	await run('folder', 'tmp', '755', 'folder', 'tmp', '1777', 'file', 'tmp/here', 'link', 'here', 'tmp/link');
	expect((await stat(join(folder, 'tmp'))).mode & 0o7777).toBe(0o1777);
	expect((await lstat(join(folder, 'tmp/here'))).isFile()).toBe(true);
	expect(await readlink(join(folder, 'tmp/link'))).toBe('here');
});

describe('prints a failed step and its error, and executes no step after it', () => {
	test.each([
		['the folder above is missing', ['folder', 'no/where', '755'], 'No such file or directory: folder no/where 755'],
		['there is no such program', ['run', './no-program'], 'No such file or directory: run ./no-program'],
		['there is no such step', ['mkdir', 'one'], 'Invalid argument: mkdir one folder later 755'],
	])('%s', async (_what, step, printed) => {
		const { exitCode, stderr } = await run(...step, 'folder', 'later', '755');
		expect([exitCode, stderr]).toEqual([1, `halfopen-root: ${printed}`]);
		await expect(stat(join(folder, 'later'))).rejects.toMatchObject({ code: 'ENOENT' });
	});
});

test('try ignores a missing file, but no other error', async () => {
	expect(await run('try', 'bind', 'nowhere', 'nowhere', 'ro', 'folder', 'after', '755')).toMatchObject({
		exitCode: 0,
	});
	expect((await stat(join(folder, 'after'))).isDirectory()).toBe(true);
	expect(await run('try', 'link', 'after', 'after')).toMatchObject({
		exitCode: 1,
		stderr: 'halfopen-root: File exists: try link after after',
	});
});
