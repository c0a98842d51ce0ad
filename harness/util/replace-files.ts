import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Puts files in the place of others, each in one step, and only when all of them have been written: a reader sees the
 * old or the new ones.
 */
export async function replaceFiles(files: readonly { readonly path: string; readonly text: string }[]): Promise<void> {
	const suffix = `.${randomBytes(4).toString('hex')}.tmp`;
	try {
		for (const { path, text } of files) await writeFile(`${path}${suffix}`, text);
		for (const { path } of files) await rename(`${path}${suffix}`, path);
	} finally {
		for (const { path } of files) await rm(`${path}${suffix}`, { force: true });
	}
}

/**
 * Puts a folder in the place of another, when all is in it: `fill` gets the new one, and what it returns is returned.
 * Who reads meanwhile finds the old one, the new one, or for a moment none; of several that do so at once the last
 * one's stays, whole. What was not complete when its process died stays beside it, with a leading dot.
 */
export async function replaceFolder<T>(path: string, fill: (folder: string) => Promise<T>): Promise<T> {
	const mark = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}`);
	const [fresh, old] = [`${mark}.new`, `${mark}.old`];
	try {
		await mkdir(fresh, { recursive: true });
		const filled = await fill(fresh);
		// Another one may have put its own there in between.
		for (let placed = false; !placed; ) {
			await succeedsUnless('ENOENT', rename(path, old));
			placed = await succeedsUnless('ENOTEMPTY', rename(fresh, path));
			await rm(old, { recursive: true, force: true });
		}
		return filled;
	} finally {
		await rm(fresh, { recursive: true, force: true });
	}
}

/** Whether it was done; this one error means that it was not. */
async function succeedsUnless(code: string, work: Promise<unknown>): Promise<boolean> {
	try {
		await work;
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === code) return false;
		throw error;
	}
}
