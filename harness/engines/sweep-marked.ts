import { setTimeout as wait } from 'node:timers/promises';
import { HalfopenError } from '../errors.ts';
import type { RunIdentity } from './engine.ts';
import { killMarked, markedProcesses } from './marked.ts';
import { distinctRuns, isSameRun } from './run-identity.ts';

/** How often the processes are looked for. */
const POLL_MS = 50;
const LIMIT_MS = 20_000;

/** The runs of this user that have processes on this machine. The marks of other users' processes cannot be trusted. */
export async function markedRuns(engine: string): Promise<RunIdentity[]> {
	return distinctRuns((await markedProcesses(engine)).filter(({ isOwnUser }) => isOwnUser).map(({ mark }) => mark));
}

/**
 * Kills the processes of a run on this machine, until none has appeared for `quietMs`: a worker that is still running
 * may be creating a lab. Returns the names of the processes.
 */
export async function sweepMarked(engine: string, run: RunIdentity, quietMs: number): Promise<string[]> {
	const swept = new Set<string>();
	const limit = performance.now() + LIMIT_MS;
	for (let quietSince = performance.now(); ; ) {
		const found = (await markedProcesses(engine)).filter(({ mark }) => isSameRun(mark, run));
		for (const one of found) {
			swept.add(`process ${one.pid} ${one.name}`);
			killMarked(engine, one);
		}
		const now = performance.now();
		if (found.length > 0) quietSince = now;
		else if (now - quietSince >= quietMs) return [...swept];
		if (now > limit) {
			throw new HalfopenError('ENGINE_REFUSED', {
				problem: `Processes of run ${run.id} are still there after ${LIMIT_MS / 1_000} s.`,
				seen: found.map(({ pid, name }) => `${pid} ${name}`).join('\n'),
				remedy: 'Look what holds them: they are in an uninterruptible wait of the kernel.',
			});
		}
		await wait(POLL_MS);
	}
}
