import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** The layout of the shared memory, as in guest/shared_memory.h. */
export const SHARED_MEMORY_BYTES = 2 << 20;
const HEADER_BYTES = 40;
const TO_GUEST_OFFSET = 4096;
const FROM_GUEST_OFFSET = 1 << 20;
/** Input longer than this is sent in several turns. */
export const TO_GUEST_MAX_BYTES = FROM_GUEST_OFFSET - TO_GUEST_OFFSET;

/** The guest's output of one turn. */
export interface FromGuest {
	/** When the guest paused, in nanoseconds since the epoch. */
	readonly now: bigint;
	readonly bytes: Buffer;
}

/** The guest's input of one turn. */
export interface ToGuest {
	/** The guest pauses at this time at the latest, in nanoseconds since the epoch. */
	readonly deadline: bigint;
	readonly bytes: Buffer;
	/** Reseeds the guest's random numbers unless it is 0. */
	readonly seed: bigint;
	/** Whether the guest's init process replaces the agent with a new one. */
	readonly restart: boolean;
}

/** The harness's side of the shared memory. Use it only while the guest is paused. */
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
