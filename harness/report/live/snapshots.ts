/** The shortest time between two snapshots, in ms. */
const LEAST_PAUSE_MS = 250;
/**
 * The largest share of the time that snapshots may take. Reading and drawing one takes several times as long as making
 * it, possibly in the same process, and drawing must not delay the scenario.
 */
const MOST_SHARE = 0.02;

/** Something that grows and reports its changes: a history. `events` is a new value after each change. */
export interface Changeable {
	readonly events: readonly unknown[];
	onChange(listener: () => void): () => void;
}

/**
 * Takes a snapshot now and then after changes, at a limited rate, until the returned function is called. `take` returns
 * false if it could not take one.
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
