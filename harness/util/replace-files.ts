import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Replaces files, each atomically, after all of them have been written. A reader sees the old or the new content of
 * each.
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
 * Replaces a folder after it is complete. `fill` gets the new folder, and its result is returned. A reader sees the old
 * folder, the new one, or for a moment none. If several processes do this at the same time, the last one's folder
 * stays. If the process dies, an incomplete folder stays beside it, with a leading dot.
 */
export async function replaceFolder<T>(path: string, fill: (folder: string) => Promise<T>): Promise<T> {
	const mark = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}`);
	const [fresh, old] = [`${mark}.new`, `${mark}.old`];
	try {
		await mkdir(fresh, { recursive: true });
		const filled = await fill(fresh);
		// Another process may have created the folder in between.
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

/** Returns false if the work failed with this error code. */
async function succeedsUnless(code: string, work: Promise<unknown>): Promise<boolean> {
	try {
		await work;
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === code) return false;
		throw error;
	}
}
