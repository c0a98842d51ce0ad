import { constants } from 'node:fs';
import { open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run, RunIdentity } from '../engines/engine.ts';
import { isSameRun, runIdentity } from '../engines/run-identity.ts';
import { isPrivateFolder, makePrivateFolder } from '../util/own-folder.ts';

const PREFIX = 'halfopen-run-';
const IDENTITY = 'run.json';
/** In bytes. Every identity is shorter. */
const MAX_IDENTITY_BYTES = 1_000;

/** The content of `run.json` in a run's folder. Only the run's own engine can sweep the run. */
interface Identity extends RunIdentity {
	readonly engine: string;
}

/** Returns the path of a run's folder. */
export const directoryOf = (id: string, parent = tmpdir()): string => join(parent, `${PREFIX}${id}`);

/**
 * Creates the folder of a run. It exists as long as there may be something to sweep, because it contains the run's
 * owner.
 */
export async function makeDirectory({ id, owner, directory }: Run, engine: string): Promise<void> {
	await makePrivateFolder(directory);
	await writeFile(join(directory, IDENTITY), JSON.stringify({ id, owner, engine } satisfies Identity), {
		flag: 'wx',
		mode: 0o600,
	});
}

/** Removes the folder of this run. A folder with another owner stays. */
export async function removeDirectory(run: RunIdentity, parent = tmpdir()): Promise<void> {
	for (const { name, identity } of await folders(parent)) {
		if (isSameRun(identity, run)) await rm(join(parent, name), { recursive: true, force: true });
	}
}

/** Returns the runs of this user on an engine that have a folder on this machine. */
export async function runsWithDirectory(engine: string, parent = tmpdir()): Promise<RunIdentity[]> {
	return (await folders(parent)).map(({ identity }) => identity).filter((run) => run.engine === engine);
}

interface Folder {
	/** Its name in the temporary directory. */
	readonly name: string;
	readonly identity: Identity;
}

async function folders(parent: string): Promise<Folder[]> {
	const names = (await readdir(parent)).filter((name) => name.startsWith(PREFIX));
	return (await Promise.all(names.map((name) => folderNamed(parent, name)))).flat();
}

/**
 * Reads a run's folder. Any user can create a folder of any name in the temporary directory, so it counts only if it
 * belongs to this user and its content matches its name.
 */
async function folderNamed(parent: string, name: string): Promise<Folder[]> {
	const path = join(parent, name);
	if (!(await isPrivateFolder(path))) return [];
	try {
		const content = JSON.parse(await readIdentity(join(path, IDENTITY))) as Readonly<Record<string, unknown>>;
		const identity = runIdentity(content);
		if (identity === undefined || name !== `${PREFIX}${identity.id}`) return [];
		return [{ name, identity: { ...identity, engine: String(content.engine) } }];
	} catch {
		// The folder is being created or removed.
		return [];
	}
}

/** Reads a regular file. It does not follow a symbolic link, block on a FIFO, or read an endless file. */
async function readIdentity(path: string): Promise<string> {
	await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_IDENTITY_BYTES), 0, MAX_IDENTITY_BYTES, 0);
	return buffer.toString('utf8', 0, bytesRead);
}
