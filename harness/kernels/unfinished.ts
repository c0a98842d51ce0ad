import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isOwnFolder } from '../util/own-folder.ts';

/** A folder for what is not complete yet: goes away with all that is still in it. */
export interface UnfinishedFolder extends AsyncDisposable {
	readonly path: string;
}

/**
 * Makes it, hidden, and removes all that others left: who holds the lock (`lock.ts`) knows that none of them is still
 * at work.
 */
export async function unfinishedFolder(parent: string, name: string): Promise<UnfinishedFolder> {
	await mkdir(parent, { recursive: true });
	// Where a link of the cache leads to somebody else's folder, nothing is ours.
	const others = (await isOwnFolder(parent)) ? await readdir(parent) : [];
	for (const other of others) if (other.startsWith('.')) await remove(join(parent, other));
	const path = join(parent, `.${name}`);
	await mkdir(path);
	return { path, [Symbol.asyncDispose]: () => remove(path) };
}

/** A tool may outlive the run that was killed, and still write there for a moment. */
const remove = (path: string) => rm(path, { recursive: true, force: true, maxRetries: 5 });
