import type { LabClock } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import type { History } from '../timeline/history.ts';
import type { OpenWaits } from './open-waits.ts';

/** The reason why an awaited condition cannot be met any more. */
export interface Impossibility {
	/** The reason, as the end of “it cannot happen any more: …”. */
	readonly why: string;
	readonly remedy: string;
}

/** A condition on the history of a lab, with a limit. */
export interface Condition<T> {
	/** A description, as the end of “waited for …”. */
	readonly what: string;
	readonly limitMs: number;
	/**
	 * Returns the result of the wait, or undefined while the condition is not met. Called at the start and after each
	 * change of the history.
	 */
	readonly check: () => T | undefined;
	/** Returns the reason why no later check can succeed. Called after each failed check; the wait then fails at once. */
	readonly impossible?: (() => Impossibility | undefined) | undefined;
	/**
	 * Called before `impossible` is believed, and when the limit has passed. Resolves when everything that happened
	 * before the call is recorded.
	 */
	readonly flush?: () => Promise<void>;
	/** Returns the nearest candidates, for the message of a failure. */
	readonly nearest?: () => readonly string[];
	/** The remedy of the error when the limit passes. */
	readonly remedy?: string;
}

/** The parts of a lab that a wait needs. */
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
 * Waits until a condition on the history is met. This is the only way to wait in a lab. Rejects with LIMIT_PASSED when
 * the limit has passed on the lab's clock, and with CANNOT_HAPPEN as soon as the condition cannot be met any more.
 * Changes that come together cause one check. If the scenario ends first, the promise never settles.
 */
export async function waitFor<T>(lab: WaitContext, condition: Condition<T>): Promise<T> {
	const found = await waitAtMost(lab, condition);
	if (found === undefined) throw limitPassed(condition);
	return found;
}

/** Like `waitFor`, for something that must not happen: resolves with undefined when the limit has passed. */
export async function waitAtMost<T>(lab: WaitContext, condition: Condition<T>): Promise<T | undefined> {
	const { history, clock, waits, over } = lab;
	const { what, limitMs, check, impossible } = condition;
	const stop = new AbortController();
	let found = check();
	if (found !== undefined) return found;
	const endWait = waits.begin({ what, limitMs });
	over?.addEventListener('abort', () => stop.abort(), { once: true, signal: stop.signal });
	await new Promise<void>((resolve, reject) => {
		let scheduled = false;
		let flushing = false;
		const recheck = () => {
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
				await condition.flush?.();
				found = check();
				if (found !== undefined) return resolve();
				const reason = impossible?.();
				if (reason) reject(cannotHappen(condition, reason));
			} catch (error) {
				reject(error);
			} finally {
				flushing = false;
			}
		};
		const scheduleCheck = () => {
			if (scheduled) return;
			scheduled = true;
			setImmediate(recheck);
		};
		stop.signal.addEventListener('abort', history.onChange(scheduleCheck));
		if (impossible) scheduleCheck();
		clock.sleep(limitMs, stop.signal).then(resolve, reject);
	}).finally(() => {
		stop.abort();
		endWait();
	});
	if (over?.aborted) return new Promise<never>(() => {});
	// On a busy machine, the end of the sleep may be processed before the check that the last change has scheduled, and
	// an observer may report a change only after the limit.
	found ??= check();
	if (found === undefined && condition.flush) {
		await condition.flush();
		found = check();
	}
	return found;
}

/** Returns the error for a condition that was not met in time. The scenario adds the path of the ladder. */
function limitPassed({
	what,
	limitMs,
	nearest,
	remedy = LATE,
}: Pick<Condition<unknown>, 'what' | 'limitMs' | 'nearest' | 'remedy'>): HalfopenError {
	return new HalfopenError('LIMIT_PASSED', {
		problem: `Waited ${limitMs / 1_000} s for ${what}, but it did not happen.`,
		seen: candidates(nearest),
		remedy,
	});
}

function cannotHappen(
	{ what, nearest }: Pick<Condition<unknown>, 'what' | 'nearest'>,
	{ why, remedy }: Impossibility,
): HalfopenError {
	return new HalfopenError('CANNOT_HAPPEN', {
		problem: `Waited for ${what}, but it cannot happen any more: ${why}.`,
		seen: candidates(nearest),
		remedy,
	});
}

function candidates(nearest: Condition<unknown>['nearest']): string | undefined {
	const lines = nearest?.() ?? [];
	return lines.length === 0 ? undefined : ['nearest:', ...lines.map((line) => `  ${line}`)].join('\n');
}
