import type { LabClock } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import type { History } from '../timeline/history.ts';
import type { OpenWaits } from './open-waits.ts';

/** Why something cannot come any more. */
export interface Impossibility {
	/** What happened instead, as the end of “it cannot happen any more: …”. */
	readonly why: string;
	readonly remedy: string;
}

export interface Wait<T> {
	/** What is waited for, as the end of "waited for …". */
	readonly what: string;
	readonly limitMs: number;
	/** Looks at the history; anything but undefined ends the wait. Called once at the start and after each change. */
	readonly check: () => T | undefined;
	/** Called after a look that found nothing: whether no later look can find anything. The wait ends at once then. */
	readonly impossible?: (() => Impossibility | undefined) | undefined;
	/** Resolves when all that happened before the call has been told, for an `impossible` that depends on it. */
	readonly flush?: () => Promise<void>;
	/** What to look at for the next candidates, when it did not come. */
	readonly nearest?: () => readonly string[];
	/** What to do when the limit passes. */
	readonly remedy?: string;
}

/** What a wait needs of a lab. */
type WaitContext = {
	readonly history: History;
	readonly clock: LabClock;
	readonly waits: OpenWaits;
	readonly over?: AbortSignal;
};

const LATE =
	'If what was seen is right, correct the expectation. If a timer of the kernel delays it, give the timer’s formula: ' +
	'{ after: … }.';

/**
 * The one way to wait in a lab: for something in its history, and no longer than the limit, by the lab's clock. Changes
 * that come together are looked at together. Ends at once where what is waited for cannot come any more. A wait that
 * outlives its scenario ends without a result.
 */
export async function waitFor<T>(lab: WaitContext, wait: Wait<T>): Promise<T> {
	const found = await waitAtMost(lab, wait);
	if (found === undefined) throw limitPassed(wait);
	return found;
}

/** The same for what must not come: undefined where the limit passed without it. */
export async function waitAtMost<T>(lab: WaitContext, wait: Wait<T>): Promise<T | undefined> {
	const { history, clock, waits, over } = lab;
	const { what, limitMs, check, impossible } = wait;
	const stop = new AbortController();
	let found = check();
	if (found !== undefined) return found;
	const passed = waits.begin({ what, limitMs });
	over?.addEventListener('abort', () => stop.abort(), { once: true, signal: stop.signal });
	await new Promise<void>((resolve, reject) => {
		let scheduled = false;
		let flushing = false;
		const look = () => {
			scheduled = false;
			try {
				found = check();
				if (found !== undefined) resolve();
				else if (impossible?.() && !flushing) void confirm();
			} catch (error) {
				reject(error);
			}
		};
		const confirm = async () => {
			flushing = true;
			try {
				await wait.flush?.();
				found = check();
				if (found !== undefined) return resolve();
				const why = impossible?.();
				if (why) reject(cannotHappen(wait, why));
			} catch (error) {
				reject(error);
			} finally {
				flushing = false;
			}
		};
		const plan = () => {
			if (scheduled) return;
			scheduled = true;
			setImmediate(look);
		};
		stop.signal.addEventListener('abort', history.onChange(plan));
		if (impossible) plan();
		clock.sleep(limitMs, stop.signal).then(resolve, reject);
	}).finally(() => {
		stop.abort();
		passed();
	});
	if (over?.aborted) return new Promise<never>(() => {});
	// On a busy machine the limit may be dealt with before the look that the last change asked for.
	return found ?? check();
}

/**
 * What to say when something did not come: what was waited for, and the nearest candidates. The scenario adds the
 * ladder.
 */
function limitPassed({
	what,
	limitMs,
	nearest,
	remedy = LATE,
}: Pick<Wait<unknown>, 'what' | 'limitMs' | 'nearest' | 'remedy'>): HalfopenError {
	return new HalfopenError('LIMIT_PASSED', {
		problem: `Waited ${limitMs / 1_000} s for ${what}, but it did not happen.`,
		seen: candidates(nearest),
		remedy,
	});
}

function cannotHappen(
	{ what, nearest }: Pick<Wait<unknown>, 'what' | 'nearest'>,
	{ why, remedy }: Impossibility,
): HalfopenError {
	return new HalfopenError('CANNOT_HAPPEN', {
		problem: `Waited for ${what}, but it cannot happen any more: ${why}.`,
		seen: candidates(nearest),
		remedy,
	});
}

function candidates(nearest: Wait<unknown>['nearest']): string | undefined {
	const lines = nearest?.() ?? [];
	return lines.length === 0 ? undefined : ['nearest:', ...lines.map((line) => `  ${line}`)].join('\n');
}
