import { readFile } from 'node:fs/promises';
import type { RunIdentity } from '../harness/engines/engine.ts';
import { markedProcesses } from '../harness/engines/marked.ts';
import { isSameRun } from '../harness/engines/run-identity.ts';

/**
 * The most that a process has ever had in memory (proc_pid_status(5), VmHWM), in MiB; 0 where its status does not say
 * it.
 */
export function peakMib(status: string): number {
	const [, kib = 0] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
	return Math.round(Number(kib) / 1_024);
}

/** The same of the largest process that a run has on this machine now. */
export async function largestPeakMib(engine: string, run: RunIdentity): Promise<number> {
	const own = (await markedProcesses(engine)).filter(({ mark }) => isSameRun(mark, run));
	const statuses = own.map(({ pid }) => readFile(`/proc/${pid}/status`, 'utf8'));
	return Math.max(0, ...(await Promise.all(statuses)).map(peakMib));
}
