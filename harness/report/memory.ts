import { freemem } from 'node:os';

const LOOK_MS = 500;

/**
 * Watches how much memory of the whole machine comes into use while something runs: hosts and engine are no children of
 * the runner.
 */
export class MemoryWatch {
	readonly #atFirst = freemem();
	#least = this.#atFirst;
	readonly #looking = setInterval(() => this.#look(), LOOK_MS).unref();

	/** Ends it; the most that was in use beyond what was in use when it began, in bytes. */
	end(): number {
		clearInterval(this.#looking);
		this.#look();
		return this.#atFirst - this.#least;
	}

	#look(): void {
		this.#least = Math.min(this.#least, freemem());
	}
}
