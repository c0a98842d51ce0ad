/** The shortest time between two snapshots, in ms. */
const LEAST_PAUSE_MS = 250;
/**
 * The largest share of the time that snapshots may take. Reading and drawing one takes several times as long as making
 * it, possibly in the same process, and drawing must not delay the scenario.
 */
const MOST_SHARE = 0.02;

/** A history that grows and reports its changes. `events` is a new array after each change. */
export interface Changeable {
	readonly events: readonly unknown[];
	onChange(listener: () => void): () => void;
}

/**
 * Takes a snapshot immediately, and after changes at a limited rate, until the returned function is called. `take`
 * returns false if it could not take one.
 */
export function takeSnapshots(history: Changeable, take: () => boolean): () => void {
	let taken: readonly unknown[] | undefined;
	let due: NodeJS.Timeout | undefined;
	let ended = false;
	const unsubscribe = history.onChange(schedule);
	const end = () => {
		ended = true;
		clearTimeout(due);
		unsubscribe();
	};
	let pauseMs = LEAST_PAUSE_MS;
	function schedule(): void {
		if (!ended) due ??= setTimeout(takeIfChanged, pauseMs).unref();
	}
	function takeIfChanged(): void {
		due = undefined;
		const began = performance.now();
		try {
			const { events } = history;
			if (events === taken) return;
			if (take()) taken = events;
			else schedule();
		} catch {
			// There are no further snapshots. The same timeline is created at the end, where an error fails the scenario.
			end();
		}
		pauseMs = Math.max(LEAST_PAUSE_MS, (performance.now() - began) / MOST_SHARE);
	}
	takeIfChanged();
	return end;
}
