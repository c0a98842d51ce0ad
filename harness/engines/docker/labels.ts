import type { RunIdentity } from '../engine.ts';

/** Labels by which whatever a run made is found again, also by another process. */
export const RUN_LABEL = 'halfopen.run';
export const OWNER_LABEL = 'halfopen.owner';

/** The labels of everything that a run makes. */
export function labelsOf(run: RunIdentity): Record<string, string> {
	return { [RUN_LABEL]: run.id, [OWNER_LABEL]: run.owner };
}
