import type { Qemu } from './qemu.ts';
import { type FromGuest, SharedMemory, type ToGuest } from './shared-memory.ts';

/**
 * Two hours in an idle guest take up to 5 s, and ten times as long on a busy machine. A turn that takes longer counts
 * as hung.
 */
const TURN_TIMEOUT_MS = 180_000;

/** Runs a guest in turns: a real one, or a replay. */
export interface GuestTransport {
	/** The guest's output before the first turn. */
	readonly first: FromGuest;
	/** Sends input to the guest. Resolves with the guest's output of that turn. */
	turn(input: ToGuest): Promise<FromGuest>;
	/** Called once, between two turns, when the lab is ready. All turns before are the same in every lab. */
	ready(): Promise<void>;
	end(): Promise<void>;
}

/** A transport to a guest that can be written to a file. */
export interface SavableGuest extends GuestTransport {
	/** Writes the paused guest to a file. */
	save(path: string): Promise<void>;
}

/** A transport to a guest in QEMU. */
export class RunningGuest implements SavableGuest {
	readonly first: FromGuest;
	readonly #qemu: Qemu;
	readonly #turnTimeoutMs: number;
	readonly #memory: SharedMemory;
	#ended: Promise<void> | undefined;

	/** `qemu` has a paused guest. A turn that takes longer than `turnTimeoutMs` of wall time rejects with GUEST_LOST. */
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
