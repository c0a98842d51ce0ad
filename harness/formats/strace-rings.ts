import type { StraceCall } from './types.ts';

/**
 * Finds rings of io_uring: calls that a program makes through a ring are not traced. One ring is harmless: libuv (Node
 * 22 and later) creates it for epoll_ctl only, right after its epoll instance (src/unix/linux.c,
 * `uv__platform_loop_init`, `uv__epoll_ctl_prep`).
 */
export class Rings {
	/** The threads whose last call created an epoll instance. */
	readonly #epollCreated = new Set<number>();

	/** Whether this call created a ring for arbitrary calls. To be called for all calls in order. */
	isUntraced({ pid, tid = pid, name, args, returned, blocked }: StraceCall): boolean {
		if (blocked) return false;
		const followsEpoll = this.#epollCreated.delete(tid);
		if (name === 'epoll_create1') this.#epollCreated.add(tid);
		if (name !== 'io_uring_setup' || returned === undefined || returned < 0) return false;
		return !(followsEpoll && /^256, \{/.test(args) && !args.includes('IORING_SETUP_SQPOLL'));
	}
}
