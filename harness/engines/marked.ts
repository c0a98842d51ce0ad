import { readdir, readFile } from 'node:fs/promises';
import type { RunIdentity } from './engine.ts';

/** In the environment of everything that a run has as processes of this machine: which engine's they are, and whose. */
const VARIABLE = 'HALFOPEN_OWNER';

/** The mark, as a part of an environment. */
export const markOf = (engine: string, { id, owner }: RunIdentity) => ({ [VARIABLE]: `${engine} ${id} ${owner}` });

/** A process of a run, as this process sees it. */
export interface Marked {
	readonly pid: number;
	readonly name: string;
	readonly mark: RunIdentity;
}

/** All processes of this user that belong to a run on this engine. */
export async function marked(engine: string): Promise<Marked[]> {
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
	const found = await Promise.all(pids.map((pid) => markedOne(engine, pid)));
	return found.flat();
}

async function markedOne(wanted: string, pid: number): Promise<Marked[]> {
	try {
		const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
		const value = environment.split('\0').find((line) => line.startsWith(`${VARIABLE}=`));
		const [engine, id = '', owner = ''] = value?.slice(VARIABLE.length + 1).split(' ') ?? [];
		if (engine !== wanted) return [];
		const name = (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
		return [{ pid, name, mark: { id, owner } }];
	} catch {
		// Just ended, or somebody else's.
		return [];
	}
}
