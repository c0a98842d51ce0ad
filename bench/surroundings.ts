import { loadavg } from 'node:os';
import { KERNEL_VARIABLE } from '../harness/engines/vm/runner.ts';
import setup from '../harness/run/setup.ts';
import teardown from '../harness/run/teardown.ts';

/** Says how far the bench is. */
export function say(line: string): void {
	process.stderr.write(`${line}\n`);
}

/** What results of an engine are called here and now. */
export function nameOfResults(engine: string): string {
	return engine === 'vm' ? `${engine} ${process.env[KERNEL_VARIABLE]}` : engine;
}

/** Does some work in a run of the harness's own. Ended by Ctrl-C it leaves the sweeping to the watchdog. */
export async function withRun<T>(work: () => Promise<T>): Promise<T> {
	const before = new Set(Object.keys(process.env));
	await setup();
	try {
		return await work();
	} finally {
		await teardown();
		// What it told workers is over with it; another run may follow in a process of ours.
		for (const name of Object.keys(process.env)) if (!before.has(name)) delete process.env[name];
	}
}

/** Times say little without the load they were taken under: its average over a minute before the work and after it. */
export async function loadOf<T>(
	work: () => Promise<T>,
): Promise<{ result: T; at: string; load: [before: number, after: number] }> {
	const at = new Date().toISOString();
	const [before = 0] = loadavg();
	const result = await work();
	const [after = 0] = loadavg();
	return { result, at, load: [before, after] };
}
