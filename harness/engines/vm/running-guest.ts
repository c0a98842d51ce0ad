import type { Qemu } from './qemu.ts';
import { type FromGuest, SharedMemory, type ToGuest } from './shared-memory.ts';

/**
 * Two hours in a guest that does nothing take up to 5 s, on a busy machine ten times that. What takes longer does not
 * come any more.
 */
const SILENCE_MS = 180_000;

/** Whoever answers the harness in turns. */
export interface GuestTransport {
	/** What it had said before the first turn. */
	readonly first: FromGuest;
	/** Gives it something, and passes with what it has to say. */
	turn(given: ToGuest): Promise<FromGuest>;
	/** Told between two turns: all that came before is the same for every lab. */
	ready(): Promise<void>;
	end(): Promise<void>;
}

/** A guest that really runs. */
export class RunningGuest implements GuestTransport {
	readonly first: FromGuest;
	readonly #qemu: Qemu;
	readonly #silenceMs: number;
	readonly #memory: SharedMemory;
	#ended: Promise<void> | undefined;

	/** Of a QEMU whose guest is paused. A turn that takes more than so many ms of wall time rejects with GUEST_LOST. */
	constructor(qemu: Qemu, silenceMs = SILENCE_MS) {
		this.#qemu = qemu;
		this.#silenceMs = silenceMs;
		this.#memory = new SharedMemory(qemu.memory);
		this.first = this.#memory.take();
	}

	async turn(given: ToGuest): Promise<FromGuest> {
		this.#memory.give(given);
		await this.#qemu.runUntilPaused(this.#silenceMs);
		return this.#memory.take();
	}

	async ready(): Promise<void> {}

	/** Writes the paused guest into a file. */
	save(path: string): Promise<void> {
		return this.#qemu.save(path);
	}

	end(): Promise<void> {
		this.#ended ??= this.#qemu.end().then(() => this.#memory.close());
		return this.#ended;
	}
}

/** What can be asked of one. */
export type RunningGuestLike = Pick<RunningGuest, keyof RunningGuest>;
