import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run, RunIdentity } from '../engines/engine.ts';

const PREFIX = 'halfopen-run-';
const IDENTITY = 'run.json';

/** Where the folder of a run will be. */
export const directoryOf = (id: string): string => join(tmpdir(), `${PREFIX}${id}`);

/** Makes the folder of a run, which stays for as long as there may be something to sweep: it tells whose run it is. */
export async function makeDirectory({ id, owner, directory }: Run): Promise<void> {
	await mkdir(directory);
	await writeFile(join(directory, IDENTITY), JSON.stringify({ id, owner } satisfies RunIdentity));
}

export async function removeDirectory({ id }: RunIdentity): Promise<void> {
	await rm(directoryOf(id), { recursive: true, force: true });
}

/** The runs that have a folder on this machine. */
export async function runsWithDirectory(): Promise<RunIdentity[]> {
	const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
	return (await Promise.all(names.map(identityIn))).flat();
}

async function identityIn(name: string): Promise<RunIdentity[]> {
	try {
		return [JSON.parse(await readFile(join(tmpdir(), name, IDENTITY), 'utf8')) as RunIdentity];
	} catch {
		// Just being made, or just being removed.
		return [];
	}
}
