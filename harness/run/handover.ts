import type { Run } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';

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

/** Whether this process belongs to a run. */
export const isInRun = () => process.env[VARIABLE] !== undefined;

/** In a worker: the run it belongs to. */
export function currentRun(): Handover {
	const handover = process.env[VARIABLE];
	if (handover !== undefined) return JSON.parse(handover) as Handover;
	throw new HalfopenError('RUN_MISSING', {
		problem: 'There is no run that this scenario belongs to: it was not started by the project’s Jest configuration.',
		remedy: 'Run it with `npm test -- <file>`; its globalSetup (harness/run/setup.ts) opens the run.',
	});
}
