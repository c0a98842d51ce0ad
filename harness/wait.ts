import type { LabClock } from './engines/engine.ts';
import { HalfopenError } from './errors.ts';
import type { History } from './timeline/history.ts';
import type { Waits } from './waits.ts';

export interface Wait<T> {
	/** What is waited for, as the end of "waited for …". */
	readonly what: string;
	readonly limitMs: number;
	/** Looks at the history; anything but undefined ends the wait. Called once at the start and after each change. */
	readonly check: () => T | undefined;
	/** What to look at for the next candidates, when the limit passes. */
	readonly nearest?: () => readonly string[];
}

/** What a wait needs of a lab. */
type Waiting = { readonly history: History; readonly clock: LabClock; readonly waits: Waits; readonly over?: AbortSignal };

/**
 * The one way to wait in a lab: for something in its history, and no longer than the limit, by the lab's clock. Changes that come
 * together are looked at together. A wait that outlives its scenario ends without a result.
 */
export async function until<T>({ history, clock, waits, over }: Waiting, { what, limitMs, check, nearest }: Wait<T>): Promise<T> {
	const stop = new AbortController();
	let found = check();
	if (found !== undefined) return found;
	const passed = waits.begin({ what, limitMs });
	over?.addEventListener('abort', () => stop.abort(), { once: true, signal: stop.signal });
	await new Promise<void>((resolve, reject) => {
		let scheduled = false;
		const off = history.onChange(() => {
			if (scheduled) return;
			scheduled = true;
			setImmediate(() => {
				scheduled = false;
				try {
					found = check();
					if (found !== undefined) resolve();
				} catch (error) {
					reject(error);
				}
			});
		});
		clock.sleep(limitMs, stop.signal).then(resolve, reject);
		stop.signal.addEventListener('abort', off);
	}).finally(() => {
		stop.abort();
		passed();
	});
	if (over?.aborted) return new Promise<never>(() => {});
	// On a busy machine the limit may be dealt with before the look that the last change asked for.
	found ??= check();
	if (found === undefined) throw limitPassed({ what, limitMs, nearest: nearest?.() ?? [] });
	return found;
}

/** What to say when something did not come: what was waited for, and the nearest candidates. The scenario adds the ladder. */
export function limitPassed(miss: { what: string; limitMs: number; nearest: readonly string[] }): HalfopenError {
	return new HalfopenError('LIMIT_PASSED', {
		problem: `Waited ${miss.limitMs / 1_000} s for ${miss.what}: it did not happen.`,
		...(miss.nearest.length > 0 && { seen: ['nearest:', ...miss.nearest.map((line) => `  ${line}`)].join('\n') }),
		remedy: 'Compare what was expected with what happened.',
	});
}
