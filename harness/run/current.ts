import type { Engine, Run } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import { connectTo } from './engines.ts';
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
export async function currentEngine(): Promise<Engine> {
	const handover = process.env[VARIABLE];
	if (handover === undefined) {
		throw new HalfopenError('RUN_MISSING', {
			problem: 'There is no run that this scenario belongs to: it was not started by the project’s Jest configuration.',
			remedy: 'Run it with `npm test -- <file>`; its globalSetup (harness/run/setup.ts) opens the run.',
		});
	}
	const { run, engine, facts } = JSON.parse(handover) as Handover;
	return leashed(await connectTo(engine, run, facts), run.owner);
}
