import { basename, isAbsolute } from 'node:path';
import type { Run } from '../engines/engine.ts';
import { assertRunIdentity } from '../engines/run-identity.ts';
import { HalfopenError } from '../errors.ts';
import { directoryOf } from './directory.ts';

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
	if (handover !== undefined) {
		const value = JSON.parse(handover) as Handover;
		return { ...value, run: assertRun(value.run) };
	}
	throw new HalfopenError('RUN_MISSING', {
		problem: 'There is no run that this scenario belongs to: it was not started by the project’s Jest configuration.',
		remedy: 'Run it with `npm test -- <file>`; its globalSetup (harness/run/setup.ts) opens the run.',
	});
}

/** A run that another process of it told of, whose folder can be its own; RUN_INVALID if it cannot be. */
export function assertRun(value: Partial<Run>): Run {
	const { directory = '' } = value;
	const identity = assertRunIdentity(value);
	if (isAbsolute(directory) && basename(directory) === basename(directoryOf(identity.id)))
		return { ...identity, directory };
	throw new HalfopenError('RUN_INVALID', {
		problem: `That is not the folder of run ${identity.id}.`,
		seen: directory,
		remedy: 'Nothing but halfopen sets HALFOPEN_RUN and starts its watchdog: unset it.',
	});
}
