import type { Cost } from '../report/cost.ts';

type Component = 'engine' | 'kernel';

/**
 * Measures which component a scenario's wall time is spent in. Overlapping time counts once, for the engine first. This
 * is the machine's time, not the lab's, because the run itself is measured.
 */
export class Stopwatch {
	readonly #cost = { engine: 0, kernel: 0, harness: 0 };
	readonly #busy = { engine: 0, kernel: 0 };
	readonly #now: () => number;
	#since: number;

	/** `now` returns ms. */
	constructor(now: () => number = () => performance.now()) {
		this.#now = now;
		this.#since = now();
	}

	/** Counts time for this component until the returned function is called. */
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

	/** The cost until now. */
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
