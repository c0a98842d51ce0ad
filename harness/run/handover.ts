import { basename, isAbsolute } from 'node:path';
import type { Run } from '../engines/engine.ts';
import { assertRunIdentity } from '../engines/run-identity.ts';
import { HalfopenError } from '../errors.ts';
import { chooseFamily } from './choose-family.ts';
import { directoryOf } from './directory.ts';

/** The environment variable that passes the run to the workers. Jest forks them with its environment. */
const VARIABLE = 'HALFOPEN_RUN';

/** The facts that the runner passes to the workers. */
export interface Handover {
	readonly run: Run;
	/** The engine's name. */
	readonly engine: string;
	readonly facts: Readonly<Record<string, string>>;
}

/** Called in the runner: passes the run to the workers, which Jest forks later. */
export function handOver(handover: Handover): void {
	process.env[VARIABLE] = JSON.stringify(handover);
}

/** Whether this process belongs to a run. */
export const isInRun = () => process.env[VARIABLE] !== undefined;

/** Called in a worker: returns the run that it belongs to. */
export function currentRun(): Handover {
	const handover = process.env[VARIABLE];
	if (handover !== undefined) {
		const value = JSON.parse(handover) as Handover;
		return { ...value, run: assertRun(value.run) };
	}
	throw new HalfopenError('RUN_MISSING', {
		problem: 'The scenario belongs to no run: it was not started with the project’s Jest configuration.',
		remedy: 'Run it with `npm test -- <file>`: the globalSetup (harness/run/setup.ts) opens the run.',
	});
}

/** Validates a run that another process has passed, and its folder. Throws RUN_INVALID. */
export function assertRun(value: Partial<Run>): Run {
	const { directory = '' } = value;
	const identity = assertRunIdentity(value);
	const family = chooseFamily(value.family ?? '');
	if (isAbsolute(directory) && basename(directory) === basename(directoryOf(identity.id)))
		return { ...identity, directory, family };
	throw new HalfopenError('RUN_INVALID', {
		problem: `This is not the folder of run ${identity.id}.`,
		seen: directory,
		remedy: 'Unset HALFOPEN_RUN: only halfopen itself sets it.',
	});
}
