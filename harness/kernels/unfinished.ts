import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isOwnFolder } from '../util/own-folder.ts';

/** A folder for incomplete data. When it is disposed of, it is removed with everything in it. */
export interface UnfinishedFolder extends AsyncDisposable {
	readonly path: string;
}

/**
 * Creates a hidden folder and removes those that other processes have left. The caller holds the lock (`lock.ts`), so
 * none of these processes is still running.
 */
export async function unfinishedFolder(parent: string, name: string): Promise<UnfinishedFolder> {
	await mkdir(parent, { recursive: true });
	// A link in the cache may lead to a folder of another user. Nothing is removed there.
	const others = (await isOwnFolder(parent)) ? await readdir(parent) : [];
	for (const other of others) if (other.startsWith('.')) await remove(join(parent, other));
	const path = join(parent, `.${name}`);
	await mkdir(path);
	return { path, [Symbol.asyncDispose]: () => remove(path) };
}

/** Removes a folder. Retries, because a tool may outlive a killed run and still write to the folder. */
const remove = (path: string) => rm(path, { recursive: true, force: true, maxRetries: 5 });
