import { readFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import type { RunIdentity } from './engine.ts';
import { isSameRun, runIdentity } from './run-identity.ts';

/** In the environment of everything that a run has as processes of this machine: which engine's they are, and whose. */
const VARIABLE = 'HALFOPEN_OWNER';

/** The mark, as a part of an environment. */
export const markOf = (engine: string, { id, owner }: RunIdentity) => ({ [VARIABLE]: `${engine} ${id} ${owner}` });

/** A process of a run, as this process sees it. */
export interface MarkedProcess {
	readonly pid: number;
	readonly name: string;
	/** False of a program of ours that has become another user, but also of any process that says it is of a run. */
	readonly isOwnUser: boolean;
	readonly mark: RunIdentity;
}

/** All processes whose environment this user may read and that bear the mark of a run on this engine. */
export async function markedProcesses(engine: string): Promise<MarkedProcess[]> {
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
	const found = await Promise.all(pids.map((pid) => readMarked(engine, pid)));
	return found.flat();
}

async function readMarked(wanted: string, pid: number): Promise<MarkedProcess[]> {
	try {
		const mark = markIn(await readFile(`/proc/${pid}/environ`, 'utf8'), wanted);
		if (mark === undefined) return [];
		const [name, { uid }] = await Promise.all([readFile(`/proc/${pid}/comm`, 'utf8'), stat(`/proc/${pid}`)]);
		return [{ pid, name: name.trim(), isOwnUser: uid === process.getuid?.(), mark }];
	} catch {
		// Just ended, or somebody else's.
		return [];
	}
}

function markIn(environment: string, wanted: string): RunIdentity | undefined {
	const value = environment.split('\0').find((line) => line.startsWith(`${VARIABLE}=`));
	const [engine, id, owner] = value?.slice(VARIABLE.length + 1).split(' ') ?? [];
	return engine === wanted ? runIdentity({ id, owner }) : undefined;
}

/** Kills a process if it still bears the mark: between a look at it and a signal a pid may become somebody else's. */
export function killMarked(engine: string, { pid, mark }: MarkedProcess): void {
	try {
		const now = markIn(readFileSync(`/proc/${pid}/environ`, 'utf8'), engine);
		if (now !== undefined && isSameRun(now, mark)) process.kill(pid, 'SIGKILL');
	} catch {
		// Gone by itself.
	}
}
