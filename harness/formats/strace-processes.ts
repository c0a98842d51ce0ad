/** A call that makes a process or a thread, and has not returned yet. */
export interface Cloning {
	/** The thread that calls. */
	readonly tid: number;
	readonly name: string;
	readonly args: string;
}

const CLONING = new Set(['clone', 'clone2', 'clone3', 'fork', 'vfork']);

/** Whether a call makes a process or a thread. */
export function clones(name: string): boolean {
	return CLONING.has(name);
}

/**
 * Which process a thread belongs to. strace numbers threads, and a new one may call before the call that made it has
 * returned: then it is one of those that are being made, and known as soon as these agree on whose it is.
 */
export class ThreadOwners {
	readonly #owners = new Map<number, number>();
	/** Threads that have called before their maker's call returned, by maker. */
	readonly #early = new Map<number, number>();

	/** The process of a thread; undefined where only the return of one of the calls `cloning` can tell. */
	ownerOf(tid: number, cloning: readonly Cloning[]): number | undefined {
		const known = this.#owners.get(tid);
		if (known !== undefined) return known;
		const makers = cloning.filter((maker) => maker.tid !== tid && !this.#early.has(maker.tid));
		const owners = new Set(makers.map((maker) => this.#ownerMadeBy(maker, tid)));
		const [owner] = owners;
		if (owners.size === 0) return this.#adopt(tid, tid);
		if (owners.size > 1 || owner === undefined) return undefined;
		const [maker] = makers;
		if (maker && makers.length === 1) this.#early.set(maker.tid, tid);
		return this.#adopt(tid, owner);
	}

	/** A call that makes one has returned, with the new thread's number. */
	made(maker: Cloning, tid: number): void {
		this.#early.delete(maker.tid);
		const owner = this.#ownerMadeBy(maker, tid);
		if (owner !== undefined) this.#adopt(tid, owner);
	}

	/** A call that makes one has failed. */
	failed(maker: Cloning): void {
		this.#early.delete(maker.tid);
	}

	/** A thread has ended: its number may come again. */
	ended(tid: number): void {
		this.#owners.delete(tid);
	}

	#ownerMadeBy({ tid: maker, name, args }: Cloning, tid: number): number | undefined {
		const isThread = name.startsWith('clone') && /\bCLONE_THREAD\b/.test(args);
		return isThread ? this.#owners.get(maker) : tid;
	}

	#adopt(tid: number, owner: number): number {
		this.#owners.set(tid, owner);
		return owner;
	}
}
