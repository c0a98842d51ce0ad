import { readFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import type { RunIdentity } from './engine.ts';
import { isSameRun, runIdentity } from './run-identity.ts';

/**
 * The environment variable that marks all processes of a run on this machine. Its value has the engine, the run's id
 * and its owner.
 */
const VARIABLE = 'HALFOPEN_OWNER';

/** Returns the variable as an entry of an environment. */
export const markOf = (engine: string, { id, owner }: RunIdentity) => ({ [VARIABLE]: `${engine} ${id} ${owner}` });

/** A process with the mark of a run. */
export interface MarkedProcess {
	readonly pid: number;
	readonly name: string;
	/**
	 * Whether the process runs as this user. If not, it may be a program of this run that changed its user, or any
	 * process with a forged mark.
	 */
	readonly isOwnUser: boolean;
	readonly mark: RunIdentity;
}

/** Returns all processes with the mark of a run on this engine whose environment this user may read. */
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
		// The process has just ended, or belongs to another user.
		return [];
	}
}

function markIn(environment: string, wanted: string): RunIdentity | undefined {
	const value = environment.split('\0').find((line) => line.startsWith(`${VARIABLE}=`));
	const [engine, id, owner] = value?.slice(VARIABLE.length + 1).split(' ') ?? [];
	return engine === wanted ? runIdentity({ id, owner }) : undefined;
}

/** Kills a process if it still has the mark. Its pid may have been reused since the process was found. */
export function killMarked(engine: string, { pid, mark }: MarkedProcess): void {
	try {
		const now = markIn(readFileSync(`/proc/${pid}/environ`, 'utf8'), engine);
		if (now !== undefined && isSameRun(now, mark)) process.kill(pid, 'SIGKILL');
	} catch {
		// The process has ended.
	}
}
