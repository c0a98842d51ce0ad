import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';

/** Puts files in the place of others, each in one step, and only when all of them have been written: a reader sees the old or the new ones. */
export async function replaceFiles(files: readonly { readonly path: string; readonly text: string }[]): Promise<void> {
	const suffix = `.${randomBytes(4).toString('hex')}.tmp`;
	try {
		for (const { path, text } of files) await writeFile(`${path}${suffix}`, text);
		for (const { path } of files) await rename(`${path}${suffix}`, path);
	} finally {
		for (const { path } of files) await rm(`${path}${suffix}`, { force: true });
	}
}
