import type { RunIdentity } from './engine.ts';
import { killMarked, markedProcesses } from './marked.ts';
import { distinctRuns, isSameRun } from './run-identity.ts';
import { sweepUntilQuiet } from './sweep-until-quiet.ts';

/** The interval between two searches for processes. */
const POLL_MS = 50;

/** Returns the runs of this user that have processes on this machine. Marks of other users' processes may be forged. */
export async function markedRuns(engine: string): Promise<RunIdentity[]> {
	return distinctRuns((await markedProcesses(engine)).filter(({ isOwnUser }) => isOwnUser).map(({ mark }) => mark));
}

/**
 * Kills the processes of a run on this machine, until none has appeared for `quietMs`: a worker that is still running
 * may be creating a lab. Returns the names of the processes.
 */
export function sweepMarked(engine: string, run: RunIdentity, quietMs: number): Promise<string[]> {
	const sweepOnce = async () => {
		const processes = (await markedProcesses(engine)).filter(({ mark }) => isSameRun(mark, run));
		for (const process of processes) killMarked(engine, process);
		const names = processes.map(({ pid, name }) => `process ${pid} ${name}`);
		return { found: names, removed: names };
	};
	return sweepUntilQuiet(sweepOnce, {
		quietMs,
		pollMs: POLL_MS,
		what: `A process of run ${run.id}`,
		remedy: 'Find out what holds it: it is in uninterruptible sleep in the kernel (`ps -o pid,wchan,args`).',
	});
}
