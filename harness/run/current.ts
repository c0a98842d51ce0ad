import { connectDocker } from '../engines/docker/engine.ts';
import type { DockerFacts } from '../engines/docker/runner.ts';
import type { Engine, Run } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import { leashed } from './leash.ts';

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
	return leashed(connectDocker(run, facts as DockerFacts), run.owner);
}
