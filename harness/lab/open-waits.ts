/** A wait in a lab that is in progress. */
export interface OpenWait {
	/** What is awaited, as the end of “waiting for …”. */
	readonly what: string;
	/** The limit of the wait; undefined for a call that may block for ever. */
	readonly limitMs: number | undefined;
}

/** Called when a wait begins. Returns a function that is called when the wait ends. */
export type WaitListener = (wait: OpenWait) => () => void;

/** The waits of a lab that are in progress. Listeners show them live, and measure how long each part of a run takes. */
export class OpenWaits {
	readonly #listeners: readonly WaitListener[];
	readonly #open = new Set<OpenWait>();

	constructor(listeners: readonly WaitListener[] = []) {
		this.#listeners = listeners;
	}

	/** The waits in progress, the oldest first. */
	get open(): readonly OpenWait[] {
		return [...this.#open];
	}

	/** Begins a wait. The returned function ends it. */
	begin(wait: OpenWait): () => void {
		const onEnd = this.#listeners.map((listener) => listener(wait));
		this.#open.add(wait);
		return () => {
			this.#open.delete(wait);
			for (const end of onEnd.splice(0)) end();
		};
	}
}
