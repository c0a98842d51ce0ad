import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run, RunIdentity } from '../engines/engine.ts';

const PREFIX = 'halfopen-run-';
const IDENTITY = 'run.json';

/** What a run's folder tells of it: only its own engine can sweep what it has. */
interface Identity extends RunIdentity {
	readonly engine: string;
}

/** Where the folder of a run will be. */
export const directoryOf = (id: string): string => join(tmpdir(), `${PREFIX}${id}`);

/** Makes the folder of a run, which stays for as long as there may be something to sweep: it tells whose run it is. */
export async function makeDirectory({ id, owner, directory }: Run, engine: string): Promise<void> {
	await mkdir(directory);
	await writeFile(join(directory, IDENTITY), JSON.stringify({ id, owner, engine } satisfies Identity));
}

export async function removeDirectory({ id }: RunIdentity): Promise<void> {
	await rm(directoryOf(id), { recursive: true, force: true });
}

/** The runs on an engine that have a folder on this machine. */
export async function runsWithDirectory(engine: string): Promise<RunIdentity[]> {
	const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
	return (await Promise.all(names.map(identityIn))).flat().filter((run) => run.engine === engine);
}

async function identityIn(name: string): Promise<Identity[]> {
	try {
		return [JSON.parse(await readFile(join(tmpdir(), name, IDENTITY), 'utf8')) as Identity];
	} catch {
		// Just being made, or just being removed.
		return [];
	}
}
