/** Something that is waited for in a lab. */
export interface OpenWait {
	/** As the end of “waiting for …”. */
	readonly what: string;
	/** How long at most; undefined for a call that may block for ever. */
	readonly limitMs: number | undefined;
}

/** Called when a wait begins; what it returns is called when that wait is over. */
export type WaitListener = (wait: OpenWait) => () => void;

/** What a lab waits for: told to whoever shows it, and to whoever counts where the time goes. */
export class OpenWaits {
	readonly #listeners: readonly WaitListener[];
	readonly #open = new Set<OpenWait>();

	constructor(listeners: readonly WaitListener[] = []) {
		this.#listeners = listeners;
	}

	/** What is waited for now, the longest first. */
	get open(): readonly OpenWait[] {
		return [...this.#open];
	}

	/** A wait begins; the returned function ends it. */
	begin(wait: OpenWait): () => void {
		const over = this.#listeners.map((listener) => listener(wait));
		this.#open.add(wait);
		return () => {
			this.#open.delete(wait);
			for (const end of over.splice(0)) end();
		};
	}
}
