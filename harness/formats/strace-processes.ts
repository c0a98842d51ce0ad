/** A call that creates a process or a thread, and has not returned yet. */
export interface Cloning {
	/** The thread that made the call. */
	readonly tid: number;
	readonly name: string;
	readonly args: string;
}

const CLONING = new Set(['clone', 'clone2', 'clone3', 'fork', 'vfork']);

/** Whether a call creates a process or a thread. */
export function clones(name: string): boolean {
	return CLONING.has(name);
}

/**
 * Finds the process of each thread. strace prints the numbers of threads only. A new thread may make calls before the
 * call that created it has returned. Then one of the unfinished calls has created it, and its process is known as soon
 * as all of them imply the same one.
 */
export class ThreadOwners {
	readonly #owners = new Map<number, number>();
	/** Threads that made calls before the call that created them returned, by the creating thread. */
	readonly #early = new Map<number, number>();

	/** Returns the process of a thread; undefined if it depends on which of the unfinished calls created the thread. */
	ownerOf(tid: number, cloning: readonly Cloning[]): number | undefined {
		const known = this.#owners.get(tid);
		if (known !== undefined) return known;
		const creators = cloning.filter((creator) => creator.tid !== tid && !this.#early.has(creator.tid));
		const owners = new Set(creators.map((creator) => this.#ownerCreatedBy(creator, tid)));
		const [owner] = owners;
		if (owners.size === 0) return this.#adopt(tid, tid);
		if (owners.size > 1 || owner === undefined) return undefined;
		const [creator] = creators;
		if (creator && creators.length === 1) this.#early.set(creator.tid, tid);
		return this.#adopt(tid, owner);
	}

	/** Records that a creating call has returned the number of the new thread. */
	made(creator: Cloning, tid: number): void {
		this.#early.delete(creator.tid);
		const owner = this.#ownerCreatedBy(creator, tid);
		if (owner !== undefined) this.#adopt(tid, owner);
	}

	/** Records that a creating call has failed. */
	failed(creator: Cloning): void {
		this.#early.delete(creator.tid);
	}

	/** Records that a thread has ended. Its number may be used again. */
	ended(tid: number): void {
		this.#owners.delete(tid);
	}

	#ownerCreatedBy({ tid: creator, name, args }: Cloning, tid: number): number | undefined {
		const isThread = name.startsWith('clone') && /\bCLONE_THREAD\b/.test(args);
		return isThread ? this.#owners.get(creator) : tid;
	}

	#adopt(tid: number, owner: number): number {
		this.#owners.set(tid, owner);
		return owner;
	}
}
