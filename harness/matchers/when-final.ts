import type { LabContext } from '../lab/context.ts';

/** A search in the history, and the rule when its result is final. */
export interface FinalCheck<T> {
	readonly find: () => T | undefined;
	/** Whether no later report of an observer can change the result. */
	readonly isFinal: (found: T) => boolean;
	/** Throws OBSERVER_LOST if nothing can be found any more, because an observer that would report it is lost. */
	readonly assertObservable: () => void;
}

/**
 * Returns a check for `waitFor` that succeeds only with a final result. A segment that a capture has shown may have
 * been dropped after the capture, and a call that was entered may have returned meanwhile. If a result may still
 * change, the check flushes all observers, one flush at a time, and is called again after that.
 */
export function whenFinal<T>(
	{ flush, history }: Pick<LabContext, 'flush' | 'history'>,
	{ find, isFinal, assertObservable }: FinalCheck<T>,
): () => T | undefined {
	let flushing = false;
	let failure: unknown;
	const startFlush = () => {
		if (flushing) return;
		flushing = true;
		flush()
			.catch((error: unknown) => {
				failure = error;
			})
			.finally(() => {
				flushing = false;
				history.notify();
			});
	};
	return () => {
		if (failure !== undefined) throw failure;
		const found = find();
		if (found === undefined) assertObservable();
		else if (isFinal(found)) return found;
		else startFlush();
		return undefined;
	};
}
