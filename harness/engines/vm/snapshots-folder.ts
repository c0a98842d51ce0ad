import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../../kernels/cache.ts';
import type { UnfinishedFolder } from '../../kernels/unfinished.ts';
import type { RunIdentity } from '../engine.ts';

/** Where saved guests are, each in a folder of its kernel and of what it is made of; in that, a folder for each guest whose lab is ready. */
export const snapshotsFolder = (): string => join(cacheFolder(), 'snapshots');

/** A hidden folder in `parent` for what is not complete yet. It bears the run's id, so that the run's sweep finds it whoever was killed. */
export async function unfinishedFolder(parent: string, run: RunIdentity): Promise<UnfinishedFolder> {
	await mkdir(parent, { recursive: true });
	const path = await mkdtemp(join(parent, prefixOf(run)));
	return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Removes what a run has left incomplete; returns the names. */
export async function sweepUnfinished(run: RunIdentity): Promise<string[]> {
	const parent = snapshotsFolder();
	const snapshots = (await namesIn(parent)).map((name) => join(parent, name));
	const found = await Promise.all([parent, ...snapshots].map(async (folder) => (await namesIn(folder)).map((name) => ({ folder, name }))));
	const unfinished = found.flat().filter(({ name }) => name.startsWith(prefixOf(run)));
	await Promise.all(unfinished.map(({ folder, name }) => rm(join(folder, name), { recursive: true, force: true })));
	return unfinished.map(({ name }) => `snapshot ${name}`);
}

const prefixOf = ({ id }: RunIdentity) => `.${id}-`;

/** None where there is no folder, or no folder any more. */
function namesIn(folder: string): Promise<string[]> {
	return readdir(folder).catch(() => []);
}
