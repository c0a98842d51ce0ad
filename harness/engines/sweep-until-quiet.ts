import { setTimeout as wait } from 'node:timers/promises';
import { HalfopenError } from '../errors.ts';

/** What cannot be removed for so long is held by something else. */
const LIMIT_MS = 20_000;

/** What one look at the things of a run found, and what it removed of that, by name. */
export interface SweepResult {
	readonly found: readonly string[];
	readonly removed: readonly string[];
}

export interface SweepOptions {
	/** How long nothing must come: what a dead process asked for may still be made. */
	readonly quietMs: number;
	/** How long to wait after a look that removed nothing new. */
	readonly pollMs: number;
	/** What is swept, as the beginning of a sentence, and what to do if it cannot be removed. */
	readonly what: string;
	readonly remedy: string;
}

/** Calls `sweepOnce` until it has found nothing for `quietMs`. Resolves with what was removed, by name. */
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
