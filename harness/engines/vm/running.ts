import { type Given, type Left, Meeting } from './meeting.ts';
import type { Qemu } from './qemu.ts';

/** Two hours in a guest that does nothing take up to 5 s, on a busy machine ten times that. What takes longer does not come any more. */
const SILENCE_MS = 180_000;

/** Whoever answers the harness in turns. */
export interface Partner {
	/** What it had said before the first turn. */
	readonly first: Left;
	/** Gives it something, and passes with what it has to say. */
	turn(given: Given): Promise<Left>;
	/** Told between two turns: all that came before is the same for every lab. */
	ready(): Promise<void>;
	end(): Promise<void>;
}

/** A guest that really runs. */
export class Running implements Partner {
	readonly first: Left;
	readonly #qemu: Qemu;
	readonly #silenceMs: number;
	readonly #meeting: Meeting;
	#ended: Promise<void> | undefined;

	/** Of a QEMU whose guest is paused. A turn that takes more than so many ms of wall time rejects with GUEST_LOST. */
	constructor(qemu: Qemu, silenceMs = SILENCE_MS) {
		this.#qemu = qemu;
		this.#silenceMs = silenceMs;
		this.#meeting = new Meeting(qemu.memory);
		this.first = this.#meeting.take();
	}

	async turn(given: Given): Promise<Left> {
		this.#meeting.give(given);
		await this.#qemu.runUntilPaused(this.#silenceMs);
		return this.#meeting.take();
	}

	async ready(): Promise<void> {}

	/** Writes the paused guest into a file. */
	save(path: string): Promise<void> {
		return this.#qemu.save(path);
	}

	end(): Promise<void> {
		this.#ended ??= this.#qemu.end().then(() => this.#meeting.close());
		return this.#ended;
	}
}

/** What can be asked of one. */
export type RunningGuest = Pick<Running, keyof Running>;
