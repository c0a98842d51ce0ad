import type { RunIdentity } from '../engine.ts';
import { runIdentity } from '../run-identity.ts';

/** The labels by which any process can identify the objects of a run. */
export const RUN_LABEL = 'halfopen.run';
export const OWNER_LABEL = 'halfopen.owner';

/** Returns the labels of all objects of a run. */
export function labelsOf(run: RunIdentity): Record<string, string> {
	return { [RUN_LABEL]: run.id, [OWNER_LABEL]: run.owner };
}

/** Returns the run that labels name, or undefined if they are invalid. */
export function runOf(labels: Readonly<Record<string, string>> | undefined): RunIdentity | undefined {
	return runIdentity({ id: labels?.[RUN_LABEL], owner: labels?.[OWNER_LABEL] });
}

/** Returns a filter for the objects of a run, by both labels. */
export const filterFor = (run: RunIdentity): string[] =>
	Object.entries(labelsOf(run)).map(([label, value]) => `${label}=${value}`);
