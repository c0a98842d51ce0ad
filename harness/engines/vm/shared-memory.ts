import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** The layout of the memory that harness and guest share, as guest/shared_memory.h has it. */
export const SHARED_MEMORY_BYTES = 2 << 20;
const HEAD_BYTES = 40;
const TO_GUEST_AT = 4096;
const FROM_GUEST_AT = 1 << 20;
/** What does not go through at once goes through in turns. */
export const MOST_TO_GUEST = FROM_GUEST_AT - TO_GUEST_AT;

/** What the guest left when it paused. */
export interface FromGuest {
	/** When, in nanoseconds since the epoch. */
	readonly now: bigint;
	readonly bytes: Buffer;
}

/** What the guest finds when it goes on. */
export interface ToGuest {
	/** It pauses then at the latest, in nanoseconds since the epoch. */
	readonly deadline: bigint;
	readonly bytes: Buffer;
	/** Other than 0: makes its random numbers others than the snapshot's. */
	readonly seed: bigint;
	/** Its agent is to end, and another to begin. */
	readonly restart: boolean;
}

/** The harness's side of that memory. It is ours while the guest is paused, and only then. */
export class SharedMemory {
	readonly #file: number;

	constructor(path: string) {
		this.#file = openSync(path, 'r+');
	}

	take(): FromGuest {
		const head = this.#read(0, HEAD_BYTES);
		return { now: head.readBigUInt64LE(0), bytes: this.#read(FROM_GUEST_AT, head.readUInt32LE(20)) };
	}

	give({ deadline, bytes, seed, restart }: ToGuest): void {
		const head = Buffer.alloc(HEAD_BYTES);
		head.writeBigUInt64LE(deadline, 8);
		head.writeUInt32LE(bytes.length, 16);
		head.writeBigUInt64LE(seed, 24);
		head.writeUInt32LE(restart ? 1 : 0, 32);
		head.writeUInt32LE(1, 36);
		writeSync(this.#file, bytes, 0, bytes.length, TO_GUEST_AT);
		writeSync(this.#file, head, 8, HEAD_BYTES - 8, 8);
	}

	close(): void {
		closeSync(this.#file);
	}

	#read(position: number, length: number): Buffer {
		const bytes = Buffer.alloc(length);
		readSync(this.#file, bytes, 0, length, position);
		return bytes;
	}
}
