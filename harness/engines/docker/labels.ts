import type { RunIdentity } from '../engine.ts';
import { runIdentity } from '../run-identity.ts';

/** Labels that identify the objects of a run, also for another process. */
export const RUN_LABEL = 'halfopen.run';
export const OWNER_LABEL = 'halfopen.owner';

/** The labels of all objects of a run. */
export function labelsOf(run: RunIdentity): Record<string, string> {
	return { [RUN_LABEL]: run.id, [OWNER_LABEL]: run.owner };
}

/** The run that labels name. Undefined unless they are valid. */
export function runOf(labels: Readonly<Record<string, string>> | undefined): RunIdentity | undefined {
	return runIdentity({ id: labels?.[RUN_LABEL], owner: labels?.[OWNER_LABEL] });
}

/** A filter for the objects of a run, by both labels. */
export const filterFor = (run: RunIdentity): string[] =>
	Object.entries(labelsOf(run)).map(([label, value]) => `${label}=${value}`);
