import type { Qemu } from './qemu.ts';
import { type FromGuest, SharedMemory, type ToGuest } from './shared-memory.ts';

/**
 * Two hours in a guest that does nothing take up to 5 s, on a busy machine ten times that. What takes longer does not
 * come any more.
 */
const TURN_TIMEOUT_MS = 180_000;

/** Whoever answers the harness in turns. */
export interface GuestTransport {
	/** What it had said before the first turn. */
	readonly first: FromGuest;
	/** Gives it something, and passes with what it has to say. */
	turn(input: ToGuest): Promise<FromGuest>;
	/** Told between two turns: all that came before is the same for every lab. */
	ready(): Promise<void>;
	end(): Promise<void>;
}

/** A transport to a guest that can be written to a file. */
export interface SavableGuest extends GuestTransport {
	/** Writes the paused guest to a file. */
	save(path: string): Promise<void>;
}

/** A guest that really runs. */
export class RunningGuest implements SavableGuest {
	readonly first: FromGuest;
	readonly #qemu: Qemu;
	readonly #turnTimeoutMs: number;
	readonly #memory: SharedMemory;
	#ended: Promise<void> | undefined;

	/** Of a QEMU whose guest is paused. A turn that takes more than so many ms of wall time rejects with GUEST_LOST. */
	constructor(qemu: Qemu, turnTimeoutMs = TURN_TIMEOUT_MS) {
		this.#qemu = qemu;
		this.#turnTimeoutMs = turnTimeoutMs;
		this.#memory = new SharedMemory(qemu.memory);
		this.first = this.#memory.read();
	}

	async turn(input: ToGuest): Promise<FromGuest> {
		this.#memory.write(input);
		await this.#qemu.runUntilPaused(this.#turnTimeoutMs);
		return this.#memory.read();
	}

	async ready(): Promise<void> {}

	save(path: string): Promise<void> {
		return this.#qemu.save(path);
	}

	end(): Promise<void> {
		this.#ended ??= this.#qemu.end().then(() => this.#memory.close());
		return this.#ended;
	}
}
