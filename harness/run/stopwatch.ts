import type { Cost } from '../report/cost.ts';

type Spender = 'engine' | 'kernel';

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
	begin(who: Spender): () => void {
		this.#settle();
		this.#busy[who]++;
		return () => {
			this.#settle();
			this.#busy[who]--;
		};
	}

	async during<T>(who: Spender, work: () => Promise<T>): Promise<T> {
		const end = this.begin(who);
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
		const spender = this.#busy.engine > 0 ? 'engine' : this.#busy.kernel > 0 ? 'kernel' : 'harness';
		this.#cost[spender] += (now - this.#since) / 1_000;
		this.#since = now;
	}
}
