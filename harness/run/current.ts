import type { Engine, Run } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import { connectTo } from './engines.ts';
import { leashed } from './leash.ts';

/** How what the runner found out reaches the workers: Jest forks them with its environment. */
const VARIABLE = 'HALFOPEN_RUN';

/** A run, as its runner tells of it. */
export interface Handover {
	readonly run: Run;
	/** The engine's name. */
	readonly engine: string;
	readonly facts: Readonly<Record<string, string>>;
}

/** In the runner: tells the workers, which are yet to be forked. */
export function handOver(handover: Handover): void {
	process.env[VARIABLE] = JSON.stringify(handover);
}

/** In a worker: the run it belongs to. */
export function currentRun(): Handover {
	const handover = process.env[VARIABLE];
	if (handover !== undefined) return JSON.parse(handover) as Handover;
	throw new HalfopenError('RUN_MISSING', {
		problem: 'There is no run that this scenario belongs to: it was not started by the project’s Jest configuration.',
		remedy: 'Run it with `npm test -- <file>`; its globalSetup (harness/run/setup.ts) opens the run.',
	});
}

/** In a worker: the engine of the run it belongs to. */
export async function currentEngine(): Promise<Engine> {
	const { run, engine, facts } = currentRun();
	return leashed(await connectTo(engine, run, facts), run.owner);
}
