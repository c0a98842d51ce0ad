import { connectDocker } from '../engines/docker/engine.ts';
import type { DockerFacts } from '../engines/docker/runner.ts';
import type { Engine, Run } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';

/** How what the runner found out reaches the workers: Jest forks them with its environment. */
const VARIABLE = 'HALFOPEN_RUN';

interface Handover {
	readonly run: Run;
	readonly engine: string;
	readonly facts: Readonly<Record<string, string>>;
}

/** In the runner: tells the workers, which are yet to be forked. */
export function handOver(handover: Handover): void {
	process.env[VARIABLE] = JSON.stringify(handover);
}

/** In a worker: the engine of the run it belongs to. */
export function currentEngine(): Engine {
	const handover = process.env[VARIABLE];
	if (handover === undefined) {
		throw new HalfopenError('RUN_MISSING', {
			problem: 'There is no run that this scenario belongs to: it was not started by the project’s Jest configuration.',
			remedy: 'Run it with `npm test -- <file>`; its globalSetup (harness/run/setup.ts) opens the run.',
		});
	}
	const { run, facts } = JSON.parse(handover) as Handover;
	endWithRunner();
	return connectDocker(run, facts as DockerFacts);
}

let leashed = false;

/**
 * A worker whose runner was killed must not go on making labs: the watchdog is sweeping. Jest's own channel between the two does not
 * end it, so it looks whether it was given another parent.
 */
function endWithRunner(): void {
	if (leashed || process.env.JEST_WORKER_ID === undefined) return;
	leashed = true;
	const runner = process.ppid;
	setInterval(() => {
		if (process.ppid !== runner) process.kill(process.pid, 'SIGKILL');
	}, 200).unref();
}
