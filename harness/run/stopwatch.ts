import type { Cost } from '../report/cost.ts';

type Component = 'engine' | 'kernel';

/**
 * Counts where a scenario's wall time goes. What overlaps is counted once: while the engine works nothing else is
 * waited for in earnest. The machine's time, not the lab's: it is the run that is measured.
 */
export class Stopwatch {
	readonly #cost = { engine: 0, kernel: 0, harness: 0 };
	readonly #busy = { engine: 0, kernel: 0 };
	readonly #now: () => number;
	#since: number;

	/** `now` in ms. */
	constructor(now: () => number = () => performance.now()) {
		this.#now = now;
		this.#since = now();
	}

	/** Somebody is at work, or waited for, until the returned function is called. */
	begin(component: Component): () => void {
		this.#settle();
		this.#busy[component]++;
		return () => {
			this.#settle();
			this.#busy[component]--;
		};
	}

	async during<T>(component: Component, work: () => Promise<T>): Promise<T> {
		const end = this.begin(component);
		try {
			return await work();
		} finally {
			end();
		}
	}

	/** All until now. */
	get cost(): Cost {
		this.#settle();
		const { engine, kernel, harness } = this.#cost;
		return { engine, kernel, harness };
	}

	#settle(): void {
		const now = this.#now();
		const component = this.#busy.engine > 0 ? 'engine' : this.#busy.kernel > 0 ? 'kernel' : 'harness';
		this.#cost[component] += (now - this.#since) / 1_000;
		this.#since = now;
	}
}
