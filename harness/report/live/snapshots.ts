/** No snapshot sooner after another, in ms. */
const LEAST_PAUSE_MS = 250;
/**
 * And none that would take more than this part of the time. To read and to draw one takes several times as long as to
 * make it, maybe in the same process: who draws must not hold up what is drawn.
 */
const MOST_SHARE = 0.02;

/** Something that grows, and tells when: a history. `events` is another value after each change. */
export interface Changeable {
	readonly events: readonly unknown[];
	onChange(listener: () => void): () => void;
}

/**
 * Takes a snapshot now and after changes, now and then, until the returned function is called. `take` gives false where
 * it could not.
 */
export function takeSnapshots(history: Changeable, take: () => boolean): () => void {
	let taken: readonly unknown[] | undefined;
	let due: NodeJS.Timeout | undefined;
	let ended = false;
	const unlisten = history.onChange(plan);
	const end = () => {
		ended = true;
		clearTimeout(due);
		unlisten();
	};
	let pauseMs = LEAST_PAUSE_MS;
	function plan(): void {
		if (!ended) due ??= setTimeout(look, pauseMs).unref();
	}
	function look(): void {
		due = undefined;
		const began = performance.now();
		try {
			const { events } = history;
			if (events === taken) return;
			if (take()) taken = events;
			else plan();
		} catch {
			// A picture less; the same timeline is made at the end, where a failure is the scenario’s.
			end();
		}
		pauseMs = Math.max(LEAST_PAUSE_MS, (performance.now() - began) / MOST_SHARE);
	}
	look();
	return end;
}
