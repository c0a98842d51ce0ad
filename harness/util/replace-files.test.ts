import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { replaceFolder } from './replace-files.ts';

let parent: string;
let folder: string;

beforeEach(async () => {
	parent = await mkdtemp(join(tmpdir(), 'halfopen-replace-'));
	folder = join(parent, 'deep', 'folder');
});

afterEach(() => rm(parent, { recursive: true }));

/** Writes two files with the name of the writer, the second one a moment later. */
const by = (who: string) => async (where: string) => {
	await writeFile(join(where, 'first'), who);
	await new Promise(setImmediate);
	await writeFile(join(where, 'second'), who);
	return who;
};

/** Returns the content of both files. If the two differ, the folder is a mixture. */
const content = () => Promise.all(['first', 'second'].map((name) => readFile(join(folder, name), 'utf8')));

describe('replacing a folder', () => {
	test('leaves only the new files, and nothing beside the folder', async () => {
		await replaceFolder(folder, (where) => writeFile(join(where, 'of before'), ''));
		expect(await replaceFolder(folder, by('one'))).toBe('one');
		expect(await readdir(folder)).toEqual(['first', 'second']);
		expect(await readdir(join(parent, 'deep'))).toEqual(['folder']);
	});

	test('leaves the old folder if it fails', async () => {
		await replaceFolder(folder, by('one'));
		const failing = replaceFolder(folder, async (where) => {
			await writeFile(join(where, 'first'), 'two');
			throw new Error('no');
		});
		await expect(failing).rejects.toThrow('no');
		expect(await content()).toEqual(['one', 'one']);
		expect(await readdir(join(parent, 'deep'))).toEqual(['folder']);
	});

	test('by several writers at once leaves the folder of one of them', async () => {
		const names = Array.from({ length: 30 }, (_, number) => String(number));
		await Promise.all(names.map((name) => replaceFolder(folder, by(name))));
		const [first = '', second] = await content();
		expect(names).toContain(first);
		expect(second).toBe(first);
		expect(await readdir(join(parent, 'deep'))).toEqual(['folder']);
	});
});
