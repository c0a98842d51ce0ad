import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../kernels/cache.ts';
import type { UnfinishedFolder } from '../../kernels/unfinished.ts';
import { isOwnFolder } from '../../util/own-folder.ts';
import type { RunIdentity } from '../engine.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const READY = 'ready-';

/**
 * Where saved guests are, each in a folder of its kernel and of what it is made of; in that, a folder for each guest
 * whose lab is ready.
 */
export const snapshotsFolder = (): string => join(cacheFolder(), 'snapshots');

/**
 * A hidden folder in `parent` for what is not complete yet. It bears the run's id, so that the run's sweep finds it
 * whoever was killed; where the machine went down with all that tells of the run, it goes when another is made the day
 * after.
 */
export async function unfinishedFolder(parent: string, run: RunIdentity): Promise<UnfinishedFolder> {
	await mkdir(parent, { recursive: true });
	await removeStale(parent);
	const path = await mkdtemp(join(parent, prefixOf(run)));
	return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Removes what a run has left incomplete; returns the names. */
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

/** The folder in a snapshot's for guests whose lab is ready: a harness with this hash makes labs so. */
export const readyFolder = (snapshot: string, harness: string): string => join(snapshot, `${READY}${harness}`);

/** Says that what a folder keeps is in use. */
export async function markUsed(folder: string): Promise<void> {
	const now = new Date();
	// Another run may have removed it this moment: who restores it will say so.
	await utimes(folder, now, now).catch(() => {});
}

/** Gives a complete folder its name. False where there is one of that name, which stays. */
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
 * Removes what was saved of a kernel and is not used any more, all but the current snapshot and what is in its folder
 * `ready`, for any seed. Each change of the sources makes other guests, and each change of the harness other labs: what
 * another checkout still uses, it has used within a day, and within an hour.
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

async function removeOlderThan(ms: number, path: string): Promise<void> {
	const used = await stat(path).catch(() => undefined);
	if (used && Date.now() - used.mtimeMs > ms) await rm(path, { recursive: true, force: true });
}

const prefixOf = ({ id }: RunIdentity) => `.${id}-`;

/** The id of the run whose unfinished folder this is: `mkdtemp` has put six characters behind its prefix. */
const runIn = (name: string): string | undefined => /^\.([a-z0-9-]+)-[A-Za-z0-9]{6}$/.exec(name)?.[1];

/**
 * None where there is no folder, or no folder any more; nor in somebody else's, to which a link of the cache may lead:
 * what is found is removed.
 */
async function namesIn(folder: string): Promise<string[]> {
	return (await isOwnFolder(folder)) ? readdir(folder).catch(() => []) : [];
}
