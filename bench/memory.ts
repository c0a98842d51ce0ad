import { readFile } from 'node:fs/promises';
import type { RunIdentity } from '../harness/engines/engine.ts';
import { markedProcesses } from '../harness/engines/marked.ts';
import { isSameRun } from '../harness/engines/run-identity.ts';

/** Returns the peak memory of a process in MiB, from its status (proc_pid_status(5), VmHWM), or 0 if it has none. */
export function peakMib(status: string): number {
	const [, kib = 0] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
	return Math.round(Number(kib) / 1_024);
}

/** Returns the peak memory of the largest process of a run on this machine. */
export async function largestPeakMib(engine: string, run: RunIdentity): Promise<number> {
	const own = (await markedProcesses(engine)).filter(({ mark }) => isSameRun(mark, run));
	const statuses = own.map(({ pid }) => readFile(`/proc/${pid}/status`, 'utf8'));
	return Math.max(0, ...(await Promise.all(statuses)).map(peakMib));
}
