import { freemem } from 'node:os';

const SAMPLE_EVERY_MS = 500;

/**
 * Samples the memory in use on the whole machine, because hosts and engine are not children of the runner.
 */
export class MemorySampler {
	readonly #atFirst = freemem();
	#least = this.#atFirst;
	readonly #sampling = setInterval(() => this.#sample(), SAMPLE_EVERY_MS).unref();

	/** Stops sampling. Returns the largest increase since the beginning, in bytes. */
	stop(): number {
		clearInterval(this.#sampling);
		this.#sample();
		return this.#atFirst - this.#least;
	}

	#sample(): void {
		this.#least = Math.min(this.#least, freemem());
	}
}
