import type { LabContext } from '../lab/context.ts';

/** Something to be found, and when it counts. */
export interface FinalCheck<T> {
	readonly find: () => T | undefined;
	/** Whether nothing that the observers have still to tell can change what was found. */
	readonly isFinal: (found: T) => boolean;
	/** Throws where it cannot be found any more, because an observer that would tell it is lost. */
	readonly assertObservable: () => void;
}

/**
 * A check for `until` that gives only what is settled: a segment that a capture has shown may have been dropped behind
 * it, and a call that was entered may have returned. What may still change has all observers asked, once at a time, and
 * who waits looks again when they have answered.
 */
export function whenFinal<T>(
	{ flush, history }: Pick<LabContext, 'flush' | 'history'>,
	{ find, isFinal, assertObservable }: FinalCheck<T>,
): () => T | undefined {
	let asking = false;
	let failure: unknown;
	const ask = () => {
		if (asking) return;
		asking = true;
		flush()
			.catch((error: unknown) => {
				failure = error;
			})
			.finally(() => {
				asking = false;
				history.notify();
			});
	};
	return () => {
		if (failure !== undefined) throw failure;
		const found = find();
		if (found === undefined) assertObservable();
		else if (isFinal(found)) return found;
		else ask();
		return undefined;
	};
}
