import { mkdir, mkdtemp, readdir, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../kernels/cache.ts';
import type { UnfinishedFolder } from '../../kernels/unfinished.ts';
import { isOwnFolder } from '../../util/own-folder.ts';
import { removeOlderThan } from '../../util/remove-older.ts';
import type { RunIdentity } from '../engine.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const READY = 'ready-';

/**
 * Returns the folder of all snapshots. Each is in a folder named after its kernel and a hash of its inputs, which also
 * holds a folder for each ready lab.
 */
export const snapshotsFolder = (): string => join(cacheFolder(), 'snapshots');

/**
 * Creates a hidden folder in `parent` for a snapshot that is not complete yet. Its name contains the run's id, so that
 * the run's sweep removes it even if the process is killed. If the machine crashes, the folder is removed a day later,
 * when another one is created.
 */
export async function unfinishedSnapshot(parent: string, run: RunIdentity): Promise<UnfinishedFolder> {
	await mkdir(parent, { recursive: true });
	await removeStale(parent);
	const path = await mkdtemp(join(parent, prefixOf(run)));
	return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Removes the unfinished folders of a run. Returns their names. */
export async function sweepUnfinished(run: RunIdentity): Promise<string[]> {
	const parent = snapshotsFolder();
	const snapshots = (await namesIn(parent)).map((name) => join(parent, name));
	const found = await Promise.all(
		[parent, ...snapshots].map(async (folder) => (await namesIn(folder)).map((name) => ({ folder, name }))),
	);
	const unfinished = found.flat().filter(({ name }) => runIn(name) === run.id);
	await Promise.all(unfinished.map(({ folder, name }) => rm(join(folder, name), { recursive: true, force: true })));
	return unfinished.map(({ name }) => `snapshot ${name}`);
}

/** Returns the folder in a snapshot's folder for ready labs. `harness` is a hash of the harness's sources. */
export const readyFolder = (snapshot: string, harness: string): string => join(snapshot, `${READY}${harness}`);

/** Records that a folder is in use, by its mtime. */
export async function markUsed(folder: string): Promise<void> {
	const now = new Date();
	// Another run may have just removed it. Restoring it then reports the error.
	await utimes(folder, now, now).catch(() => {});
}

/** Renames a complete folder to its final name. Returns false if that name exists; the existing folder stays. */
export async function moveUnlessThere(from: string, to: string): Promise<boolean> {
	try {
		await rename(from, to);
		return true;
	} catch (error) {
		if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
		return false;
	}
}

/**
 * Removes unused snapshots of a kernel: other snapshots after a day without use, and other ready labs after an hour.
 * The current snapshot and the folder `ready` stay, with those of its other seeds. Each change of the sources creates a
 * new snapshot, and each change of the harness a new ready lab; another clone that still uses an older one has used it
 * within that time.
 */
export async function removeUnused(kernel: string, ready: string): Promise<void> {
	const parent = snapshotsFolder();
	const saved = (await namesIn(parent)).filter(
		(name) => name.startsWith(`${kernel}-`) && /^[0-9a-f]{12}$/.test(name.slice(kernel.length + 1)),
	);
	for (const snapshot of saved.map((name) => join(parent, name))) {
		if (snapshot !== dirname(ready)) await removeOlderThan(DAY_MS, snapshot);
		const labs = (await namesIn(snapshot)).filter((name) => name.startsWith(READY)).map((name) => join(snapshot, name));
		for (const lab of labs) if (!lab.startsWith(ready)) await removeOlderThan(HOUR_MS, lab);
	}
}

async function removeStale(parent: string): Promise<void> {
	for (const name of await namesIn(parent))
		if (runIn(name) !== undefined) await removeOlderThan(DAY_MS, join(parent, name));
}

const prefixOf = ({ id }: RunIdentity) => `.${id}-`;

/** Returns the id of the run that an unfinished folder belongs to. `mkdtemp` appends six characters to the prefix. */
const runIn = (name: string): string | undefined => /^\.([a-z0-9-]+)-[A-Za-z0-9]{6}$/.exec(name)?.[1];

/**
 * Returns the names in a folder, or none if the folder does not exist or belongs to another user: a link in the cache
 * may lead there, and the caller removes what it finds.
 */
async function namesIn(folder: string): Promise<string[]> {
	return (await isOwnFolder(folder)) ? readdir(folder).catch(() => []) : [];
}
