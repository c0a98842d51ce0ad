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

/** Two files that say who wrote them, one of them after a moment. */
const by = (who: string) => async (where: string) => {
	await writeFile(join(where, 'first'), who);
	await new Promise(setImmediate);
	await writeFile(join(where, 'second'), who);
	return who;
};

/** What is in a folder: the same in both files, or it is torn. */
const content = () => Promise.all(['first', 'second'].map((name) => readFile(join(folder, name), 'utf8')));

describe('a folder that is replaced', () => {
	test('has only what was put into it last, and nothing stays beside it', async () => {
		await replaceFolder(folder, (where) => writeFile(join(where, 'of before'), ''));
		expect(await replaceFolder(folder, by('one'))).toBe('one');
		expect(await readdir(folder)).toEqual(['first', 'second']);
		expect(await readdir(join(parent, 'deep'))).toEqual(['folder']);
	});

	test('stays as it was where that fails', async () => {
		await replaceFolder(folder, by('one'));
		const failing = replaceFolder(folder, async (where) => {
			await writeFile(join(where, 'first'), 'two');
			throw new Error('no');
		});
		await expect(failing).rejects.toThrow('no');
		expect(await content()).toEqual(['one', 'one']);
		expect(await readdir(join(parent, 'deep'))).toEqual(['folder']);
	});

	test('is one of theirs, whole, where many replace it at once', async () => {
		const names = Array.from({ length: 30 }, (_, number) => String(number));
		await Promise.all(names.map((name) => replaceFolder(folder, by(name))));
		const [first = '', second] = await content();
		expect(names).toContain(first);
		expect(second).toBe(first);
		expect(await readdir(join(parent, 'deep'))).toEqual(['folder']);
	});
});
