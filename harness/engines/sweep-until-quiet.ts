import { setTimeout as wait } from 'node:timers/promises';
import { HalfopenError } from '../errors.ts';

/** If an object cannot be removed within this time, something else holds it. */
const LIMIT_MS = 20_000;

/** The names of the objects of a run that one sweep found, and of those that it removed. */
export interface SweepResult {
	readonly found: readonly string[];
	readonly removed: readonly string[];
}

export interface SweepOptions {
	/** How long nothing new may appear: requests of a process that has died may still be carried out. */
	readonly quietMs: number;
	/** The pause after a sweep that removed nothing new. */
	readonly pollMs: number;
	/** The object that cannot be removed, as the subject of the error's sentence. */
	readonly what: string;
	/** The remedy of that error. */
	readonly remedy: string;
}

/** Calls `sweepOnce` until it has found nothing for `quietMs`. Resolves with the names of all removed objects. */
export async function sweepUntilQuiet(
	sweepOnce: () => Promise<SweepResult>,
	{ quietMs, pollMs, what, remedy }: SweepOptions,
): Promise<string[]> {
	const swept = new Set<string>();
	const limit = performance.now() + LIMIT_MS;
	for (let quietSince = performance.now(); ; ) {
		const { found, removed } = await sweepOnce();
		const sizeBefore = swept.size;
		for (const name of removed) swept.add(name);
		const now = performance.now();
		if (found.length > 0) quietSince = now;
		else if (now - quietSince >= quietMs) return [...swept];
		if (now > limit) {
			throw new HalfopenError('ENGINE_REFUSED', {
				problem: `${what} could not be removed within ${LIMIT_MS / 1_000} s.`,
				seen: found.join('\n'),
				remedy,
			});
		}
		if (swept.size === sizeBefore) await wait(pollMs);
	}
}
