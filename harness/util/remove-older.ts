import { rm, stat } from 'node:fs/promises';

/** Removes a file or folder that has not been changed for so many milliseconds. Does nothing if it does not exist. */
export async function removeOlderThan(ms: number, path: string): Promise<void> {
	const found = await stat(path).catch(() => undefined);
	if (found && Date.now() - found.mtimeMs > ms) await rm(path, { recursive: true, force: true });
}
