import { freemem } from 'node:os';

const SAMPLE_EVERY_MS = 500;

/**
 * Watches how much memory of the whole machine comes into use while something runs: hosts and engine are no children of
 * the runner.
 */
export class MemorySampler {
	readonly #atFirst = freemem();
	#least = this.#atFirst;
	readonly #sampling = setInterval(() => this.#sample(), SAMPLE_EVERY_MS).unref();

	/** Ends it; the most that was in use beyond what was in use when it began, in bytes. */
	stop(): number {
		clearInterval(this.#sampling);
		this.#sample();
		return this.#atFirst - this.#least;
	}

	#sample(): void {
		this.#least = Math.min(this.#least, freemem());
	}
}
