import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** The layout of the memory that harness and guest share, as guest/shared_memory.h has it. */
export const SHARED_MEMORY_BYTES = 2 << 20;
const HEADER_BYTES = 40;
const TO_GUEST_OFFSET = 4096;
const FROM_GUEST_OFFSET = 1 << 20;
/** What does not go through at once goes through in turns. */
export const TO_GUEST_MAX_BYTES = FROM_GUEST_OFFSET - TO_GUEST_OFFSET;

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

	read(): FromGuest {
		const header = this.#readBytes(0, HEADER_BYTES);
		return { now: header.readBigUInt64LE(0), bytes: this.#readBytes(FROM_GUEST_OFFSET, header.readUInt32LE(20)) };
	}

	write({ deadline, bytes, seed, restart }: ToGuest): void {
		const header = Buffer.alloc(HEADER_BYTES);
		header.writeBigUInt64LE(deadline, 8);
		header.writeUInt32LE(bytes.length, 16);
		header.writeBigUInt64LE(seed, 24);
		header.writeUInt32LE(restart ? 1 : 0, 32);
		header.writeUInt32LE(1, 36);
		writeSync(this.#file, bytes, 0, bytes.length, TO_GUEST_OFFSET);
		writeSync(this.#file, header, 8, HEADER_BYTES - 8, 8);
	}

	close(): void {
		closeSync(this.#file);
	}

	#readBytes(position: number, length: number): Buffer {
		const bytes = Buffer.alloc(length);
		readSync(this.#file, bytes, 0, length, position);
		return bytes;
	}
}
