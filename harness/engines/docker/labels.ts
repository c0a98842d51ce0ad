import type { RunIdentity } from '../engine.ts';
import { runIdentity } from '../run-identity.ts';

/** Labels by which whatever a run made is found again, also by another process. */
export const RUN_LABEL = 'halfopen.run';
export const OWNER_LABEL = 'halfopen.owner';

/** The labels of everything that a run makes. */
export function labelsOf(run: RunIdentity): Record<string, string> {
	return { [RUN_LABEL]: run.id, [OWNER_LABEL]: run.owner };
}

/** The run that labels tell of, if they can be a run's. */
export function runOf(labels: Readonly<Record<string, string>> | undefined): RunIdentity | undefined {
	return runIdentity({ id: labels?.[RUN_LABEL], owner: labels?.[OWNER_LABEL] });
}

/** What the engine is to look for: all that bears the labels of a run, both of them. */
export const filterFor = (run: RunIdentity): string[] =>
	Object.entries(labelsOf(run)).map(([label, value]) => `${label}=${value}`);
