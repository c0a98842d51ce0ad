import { readdir, readFile } from 'node:fs/promises';
import type { RunIdentity } from '../engine.ts';
import { MARK } from './spaces.ts';

/** A process of a run, as this process sees it. */
export interface Marked {
	readonly pid: number;
	readonly name: string;
	readonly mark: RunIdentity;
}

/** All processes of this user that belong to a run. */
export async function marked(): Promise<Marked[]> {
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
	const found = await Promise.all(pids.map(markedOne));
	return found.flat();
}

async function markedOne(pid: number): Promise<Marked[]> {
	try {
		const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
		const value = environment.split('\0').find((line) => line.startsWith(`${MARK}=`));
		if (value === undefined) return [];
		const [id = '', owner = ''] = value.slice(MARK.length + 1).split(' ');
		const name = (await readFile(`/proc/${pid}/comm`, 'utf8')).trim();
		return [{ pid, name, mark: { id, owner } }];
	} catch {
		// Just ended, or somebody else's.
		return [];
	}
}
