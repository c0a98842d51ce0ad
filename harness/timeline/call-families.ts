import type { EventOf } from './events.ts';

/**
 * The system calls of each family that has several. Specs use the name of the family, because the call that a program
 * makes depends on its libraries.
 */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
	read: ['read', 'readv', 'preadv2', 'recv', 'recvfrom', 'recvmsg', 'recvmmsg'],
	write: ['write', 'writev', 'pwritev2', 'send', 'sendto', 'sendmsg', 'sendmmsg', 'sendfile'],
	poll: ['poll', 'ppoll', 'select', 'pselect6', 'epoll_wait', 'epoll_pwait', 'epoll_pwait2'],
	accept: ['accept', 'accept4'],
};

/** The families of system calls that specs can name. */
export const CALL_FAMILIES = [
	'read',
	'write',
	'poll',
	'accept',
	'connect',
	'close',
	'shutdown',
	'listen',
	'bind',
	'socket',
] as const;
export type CallFamily = (typeof CALL_FAMILIES)[number];

/** Whether a system call belongs to a family. */
export function isCall(name: string, family: CallFamily): boolean {
	return (MEMBERS[family] ?? [family]).includes(name);
}

/** Like `isCall`, for an event: splice is a read or a write, depending on its direction. */
export function isCallOf({ name, as }: Pick<EventOf<'call'>, 'name' | 'as'>, family: CallFamily): boolean {
	return isCall(name, family) || as === family;
}
