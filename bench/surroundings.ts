import { loadavg } from 'node:os';
import { KERNEL_VARIABLE } from '../harness/engines/vm/runner.ts';
import setup from '../harness/run/setup.ts';
import teardown from '../harness/run/teardown.ts';

/** Prints the progress of the bench. */
export function say(line: string): void {
	process.stderr.write(`${line}\n`);
}

/** Returns the name of results of an engine, with the current kernel on vm. */
export function nameOfResults(engine: string): string {
	return engine === 'vm' ? `${engine} ${process.env[KERNEL_VARIABLE]}` : engine;
}

/** Runs some work in a new run of the harness. After Ctrl-C the watchdog sweeps the run. */
export async function withRun<T>(work: () => Promise<T>): Promise<T> {
	const before = new Set(Object.keys(process.env));
	await setup();
	try {
		return await work();
	} finally {
		await teardown();
		// The run's variables for workers must not reach a later run.
		for (const name of Object.keys(process.env)) if (!before.has(name)) delete process.env[name];
	}
}

/** Runs some work. Also returns the load average over a minute, before and after it: times depend on the load. */
export async function loadOf<T>(
	work: () => Promise<T>,
): Promise<{ result: T; at: string; load: [before: number, after: number] }> {
	const at = new Date().toISOString();
	const [before = 0] = loadavg();
	const result = await work();
	const [after = 0] = loadavg();
	return { result, at, load: [before, after] };
}
