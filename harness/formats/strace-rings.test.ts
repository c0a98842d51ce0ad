import { expect, test } from '@jest/globals';
import { Rings } from './strace-rings.ts';
import type { StraceCall } from './types.ts';

const call = (name: string, args: string, more: Partial<StraceCall> = {}): StraceCall => ({
	kind: 'call',
	pid: 7,
	t: 1,
	name,
	args,
	returned: 3,
	blocked: false,
	...more,
});
const PARAMETERS =
	'sq_thread_cpu=0, sq_thread_idle=0, sq_entries=256, cq_entries=512, features=IORING_FEAT_SINGLE_MMAP';
const epoll = call('epoll_create1', 'EPOLL_CLOEXEC');
const ring = (flags: string, entries = 256, more: Partial<StraceCall> = {}) =>
	call('io_uring_setup', `${entries}, {flags=${flags}, ${PARAMETERS}}`, more);

/** Returns which of these calls create a ring for arbitrary calls. */
const untraced = (...calls: readonly StraceCall[]) => {
	const rings = new Rings();
	return calls.map((one) => rings.isUntraced(one));
};

test('a ring for arbitrary calls is found', () => {
	expect(untraced(ring('0', 8))).toEqual([true]);
	expect(untraced(ring('0'))).toEqual([true]);
});

test('a ring that could not be created is ignored: Docker’s seccomp profile refuses it', () => {
	expect(untraced(ring('0', 8, { returned: -1, errno: 'EPERM' }))).toEqual([false]);
});

test('the ring of libuv for epoll_ctl is ignored, but only right after its epoll instance', () => {
	expect(untraced(epoll, ring('0'))).toEqual([false, false]);
	expect(untraced(epoll, ring('IORING_SETUP_NO_SQARRAY'))).toEqual([false, false]);
	expect(untraced(epoll, ring('IORING_SETUP_SQPOLL'))).toEqual([false, true]);
	expect(untraced(epoll, ring('0', 64))).toEqual([false, true]);
	expect(untraced(epoll, call('close', '9'), ring('0'))).toEqual([false, false, true]);
	expect(untraced(epoll, ring('0', 256, { tid: 8 }))).toEqual([false, true]);
});
