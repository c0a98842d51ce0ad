import { isCall, isCallOf } from '../../timeline/call-families.ts';
import type { Call } from './item.ts';

/**
 * Calls that are drawn: those that connect, wait, move data or close, on sockets, standard input or standard output.
 * Others are left out: preparing calls (socket, bind, setsockopt, fcntl) unless they failed, and results that only mean
 * "not now" (EAGAIN, EINTR, a poll that timed out), which are frequent in event loops.
 */
const CONNECTING = new Set(['connect', 'accept', 'accept4', 'listen', 'shutdown']);
const PREPARING = new Set(['socket', 'bind', 'setsockopt']);
const NOT_NOW = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINTR', 'ERESTARTSYS', 'ERESTARTNOHAND', 'ERESTART_RESTARTBLOCK']);
const LAST_STANDARD_STREAM = 2;

/** Returns whether a call waits for descriptors. */
export function waits(call: Pick<Call, 'name'>): boolean {
	return isCall(call.name, 'poll');
}

function moves(call: Call): boolean {
	return call.name === 'close' || isCallOf(call, 'read') || isCallOf(call, 'write');
}

/**
 * Returns whether a call may send something, so that it is the cause of what follows. Other calls are the effect of
 * what happened before they returned.
 */
export function acts(call: Pick<Call, 'name' | 'as'>): boolean {
	return call.name === 'connect' || call.name === 'close' || call.name === 'shutdown' || isCallOf(call, 'write');
}

/** Returns whether a call is drawn. */
export function isDrawn(call: Call): boolean {
	if (call.source === 'socket') return true;
	if (call.errno !== undefined && NOT_NOW.has(call.errno)) return false;
	if (CONNECTING.has(call.name)) return true;
	if (PREPARING.has(call.name)) return call.errno !== undefined;
	if (waits(call)) return isDrawnWait(call);
	if (call.name === 'getsockopt') return call.args.includes('SO_ERROR');
	if (!moves(call)) return false;
	return call.socket !== undefined || (failed(call) && call.fd !== undefined && call.fd <= LAST_STANDARD_STREAM);
}

/**
 * Returns whether a wait is drawn: while it lasts, and if it ended because of a socket. It is not drawn if it timed
 * out, or if it ended because of typed text, which is drawn anyway.
 */
function isDrawnWait(call: Call): boolean {
	if (call.errno !== undefined) return true;
	if (call.returned === undefined) return !call.name.startsWith('epoll');
	if (call.returned === 0) return false;
	if (call.ready !== undefined) return call.ready.some(({ socket }) => socket !== undefined);
	return !call.name.startsWith('epoll');
}

export function failed(call: Call): boolean {
	return call.errno !== undefined && call.errno !== 'EINPROGRESS';
}

/**
 * Returns the arguments of a call that matter to the reader: descriptors, ports and data. Leaves out structures, sizes
 * and flags that are always the same.
 */
export function shortArguments(call: Call): string {
	const { name, args } = call;
	if (waits(call)) return waitedFor(call);
	const descriptor = call.fd === undefined ? /^\s*(\d+)/.exec(args)?.[1] : String(call.fd);
	if (name === 'connect' || name === 'bind' || name.startsWith('accept')) {
		const port = portIn(args);
		return [descriptor, port === undefined ? undefined : `:${port}`].filter(Boolean).join(', ');
	}
	if (name === 'close' || name === 'shutdown' || name === 'listen') return args.replace(/<.*>/, '');
	// For a controlled socket, the arguments contain the option's name and value in quotes.
	if (call.source === 'socket' && name.endsWith('sockopt')) return args.replaceAll('"', '');
	if (name === 'getsockopt')
		return [descriptor, 'SO_ERROR', /\[([A-Z]\w+|\d+)\]/.exec(args)?.[1]].filter(Boolean).join(', ');
	const data = /"(?:[^"\\]|\\.)*"(?:\.\.\.)?/.exec(args)?.[0];
	if (moves(call)) return [descriptor, data === '""' ? undefined : data].filter(Boolean).join(', ');
	return args;
}

/**
 * Returns the arguments that are known when the call begins: without the data that it reads, or the peer it accepts.
 */
export function argumentsAtFirst(call: Call): string {
	const hasResults = call.name.startsWith('accept') || isCallOf(call, 'read');
	return hasResults && call.fd !== undefined ? String(call.fd) : shortArguments(call);
}

function waitedFor({ name, args, fd, waitsOn }: Call): string {
	if (waitsOn !== undefined) return waitsOn.map((one) => one.fd).join(', ');
	return name.startsWith('epoll') ? String(fd ?? '') : args;
}

/** Returns the port of the address in a call's arguments. */
export function portIn(args: string): number | undefined {
	const port = (/sin6?_port=htons\((\d+)\)/.exec(args) ?? /^\d+, "[\d.]+", (\d+)$/.exec(args))?.[1];
	return port === undefined ? undefined : Number(port);
}

/** Returns the result of a call: a number, an errno, or the descriptors that are ready. */
export function resultOf(call: Call): string {
	if (call.errno !== undefined) return ` = ${call.errno}`;
	if (call.returned === undefined) return '';
	if (call.source === 'socket' && call.name === 'getsockopt') return ` = ${call.result ?? call.returned}`;
	if (call.ready === undefined) return ` = ${call.returned}`;
	return ` = ${call.ready.map(({ fd, events }) => `${fd}:${events}`).join(' ')}`;
}
