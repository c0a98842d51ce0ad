import type { EventOf } from '../../timeline/events.ts';
import { isCall, isCallOf } from '../../timeline/history.ts';

/**
 * What of a trace belongs to the story: calls that connect, wait, move data or close, on sockets, standard input or
 * standard output. Left out: all others, those that only prepared (socket, bind, setsockopt, fcntl) unless they failed,
 * and answers of "not now" (EAGAIN, EINTR, a poll that timed out), which event loops get by the dozen.
 */
const CONNECTING = new Set(['connect', 'accept', 'accept4', 'listen', 'shutdown']);
const PREPARING = new Set(['socket', 'bind', 'setsockopt']);
const NOT_NOW = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINTR', 'ERESTARTSYS', 'ERESTARTNOHAND', 'ERESTART_RESTARTBLOCK']);
const LAST_STANDARD_STREAM = 2;

type Call = EventOf<'call'>;

export function waits(call: Pick<Call, 'name'>): boolean {
	return isCall(call.name, 'poll');
}

function moves(call: Call): boolean {
	return call.name === 'close' || isCallOf(call, 'read') || isCallOf(call, 'write');
}

/**
 * Whether a call may put something on the wire, and so is the cause of what follows it; the others are the effect of
 * what came before they returned.
 */
export function acts(call: Pick<Call, 'name' | 'as'>): boolean {
	return call.name === 'connect' || call.name === 'close' || call.name === 'shutdown' || isCallOf(call, 'write');
}

/** Whether a call is drawn. */
export function isDrawn(call: Call): boolean {
	if (call.source === 'socket') return true;
	if (call.errno !== undefined && NOT_NOW.has(call.errno)) return false;
	if (CONNECTING.has(call.name)) return true;
	if (PREPARING.has(call.name)) return call.errno !== undefined;
	if (waits(call)) return wakes(call);
	if (call.name === 'getsockopt') return call.args.includes('SO_ERROR');
	if (!moves(call)) return false;
	return call.socket !== undefined || (failed(call) && call.fd !== undefined && call.fd <= LAST_STANDARD_STREAM);
}

/**
 * A wait is worth drawing while it lasts, and when it ended for a socket; not when it ran out or ended for typed text,
 * which is drawn as such.
 */
function wakes(call: Call): boolean {
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
 * The arguments of a call as a reader wants them: descriptors, ports and data; no structures, sizes or flags that are
 * always the same.
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
	// A controlled socket names its option, and tells its value behind it.
	if (call.source === 'socket' && name.endsWith('sockopt')) return args.replaceAll('"', '');
	if (name === 'getsockopt')
		return [descriptor, 'SO_ERROR', /\[([A-Z]\w+|\d+)\]/.exec(args)?.[1]].filter(Boolean).join(', ');
	const data = /"(?:[^"\\]|\\.)*"(?:\.\.\.)?/.exec(args)?.[0];
	if (moves(call)) return [descriptor, data === '""' ? undefined : data].filter(Boolean).join(', ');
	return args;
}

/** The same as far as it was known when the call began: what it read, and whom it accepted, only its end tells. */
export function argumentsAtFirst(call: Call): string {
	const tellsAtItsEnd = call.name.startsWith('accept') || isCallOf(call, 'read');
	return tellsAtItsEnd && call.fd !== undefined ? String(call.fd) : shortArguments(call);
}

function waitedFor({ name, args, fd, waitsOn }: Call): string {
	if (waitsOn !== undefined) return waitsOn.map((one) => one.fd).join(', ');
	return name.startsWith('epoll') ? String(fd ?? '') : args;
}

/** The port of the address that a call names. */
export function portIn(args: string): number | undefined {
	const port = (/sin6?_port=htons\((\d+)\)/.exec(args) ?? /^\d+, "[\d.]+", (\d+)$/.exec(args))?.[1];
	return port === undefined ? undefined : Number(port);
}

/** What a call came back with: a number, an errno, or what it found ready. */
export function resultOf(call: Call): string {
	if (call.errno !== undefined) return ` = ${call.errno}`;
	if (call.returned === undefined) return '';
	if (call.source === 'socket' && call.name === 'getsockopt') return ` = ${call.result ?? call.returned}`;
	if (call.ready === undefined) return ` = ${call.returned}`;
	return ` = ${call.ready.map(({ fd, events }) => `${fd}:${events}`).join(' ')}`;
}
