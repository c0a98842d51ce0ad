import type { StraceCall } from './types.ts';

/**
 * Finds rings of io_uring: what a program calls through one is not traced. One ring is no reason for doubt: libuv (Node
 * from 22 on) makes it for epoll_ctl alone, right after the epoll instance that it is for (src/unix/linux.c,
 * `uv__platform_loop_init`, `uv__epoll_ctl_prep`).
 */
export class Rings {
	/** The threads whose last call made an epoll instance. */
	readonly #epollMade = new Set<number>();

	/** Whether this call made a ring through which others may go. Call it for all calls in their order. */
	isUntraced({ pid, tid = pid, name, args, returned, blocked }: StraceCall): boolean {
		if (blocked) return false;
		const followsEpoll = this.#epollMade.delete(tid);
		if (name === 'epoll_create1') this.#epollMade.add(tid);
		if (name !== 'io_uring_setup' || returned === undefined || returned < 0) return false;
		return !(followsEpoll && /^256, \{/.test(args) && !args.includes('IORING_SETUP_SQPOLL'));
	}
}
