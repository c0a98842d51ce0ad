import type { EventOf } from '../../timeline/events.ts';

/**
 * What of a trace belongs to the story: calls that connect, wait, move data or close, on sockets, standard input or standard output.
 * Left out: all others, those that only prepared (socket, bind, setsockopt, fcntl) unless they failed, and answers of "not now"
 * (EAGAIN, EINTR, a poll that timed out), which event loops get by the dozen.
 */
const WAITING = new Set(['poll', 'ppoll', 'select', 'pselect6', 'epoll_wait', 'epoll_pwait', 'epoll_pwait2']);
const CONNECTING = new Set(['connect', 'accept', 'accept4', 'listen', 'shutdown']);
const MOVING = new Set(['read', 'readv', 'recv', 'recvfrom', 'recvmsg', 'write', 'writev', 'send', 'sendto', 'sendmsg', 'close']);
const PREPARING = new Set(['socket', 'bind', 'setsockopt']);
const NOT_NOW = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINTR', 'ERESTARTSYS', 'ERESTARTNOHAND', 'ERESTART_RESTARTBLOCK']);
const LAST_STANDARD_STREAM = 2;

/** How a tracer that decodes descriptors writes a TCP socket as first argument. */
const TRACED_SOCKET = /^\s*\d+<(TCP|TCPv6|socket):/;

type Call = EventOf<'call'>;

export function waits(call: Call): boolean {
	return WAITING.has(call.name);
}

/** Calls that may put something on the wire. */
const ACTING = new Set(['connect', 'write', 'writev', 'send', 'sendto', 'sendmsg', 'sendmmsg', 'sendfile', 'splice', 'close', 'shutdown']);

/** Whether a call is the cause of what follows it; the others are the effect of what came before they returned. */
export function acts({ name }: Pick<Call, 'name'>): boolean {
	return ACTING.has(name);
}

/** Decides call by call which are drawn; knows from the calls before which descriptors of a peer are TCP sockets. */
export class CallSelection {
	readonly #sockets = new Map<string, Set<number>>();

	isDrawn(call: Call): boolean {
		const sockets = this.#socketsOf(call.peer);
		const onSocket = TRACED_SOCKET.test(call.args) || (call.fd !== undefined && sockets.has(call.fd));
		this.#learn(call, sockets);
		if (call.source === 'socket') return true;
		if (call.errno !== undefined && NOT_NOW.has(call.errno)) return false;
		if (isForeign(call)) return false;
		if (CONNECTING.has(call.name)) return true;
		if (PREPARING.has(call.name)) return call.errno !== undefined && (call.name === 'socket' || onSocket || call.name === 'bind');
		if (WAITING.has(call.name)) return this.#wakes(call, sockets);
		if (call.name === 'getsockopt') return call.args.includes('SO_ERROR');
		if (!MOVING.has(call.name)) return false;
		return onSocket || (failed(call) && call.fd !== undefined && call.fd <= LAST_STANDARD_STREAM);
	}

	#socketsOf(peer: string): Set<number> {
		const known = this.#sockets.get(peer) ?? new Set<number>();
		this.#sockets.set(peer, known);
		return known;
	}

	#learn(call: Call, sockets: Set<number>): void {
		if (isForeign(call)) {
			if (call.name === 'socket' && call.returned !== undefined) sockets.delete(call.returned);
			return;
		}
		const opened = call.name === 'socket' || call.name === 'accept' || call.name === 'accept4';
		if (opened && call.returned !== undefined && call.returned >= 0) sockets.add(call.returned);
		if (call.fd === undefined) return;
		if (call.name === 'close' && call.errno === undefined) sockets.delete(call.fd);
		else if (CONNECTING.has(call.name) || call.name === 'getsockopt' || /^(send|recv)/.test(call.name)) sockets.add(call.fd);
	}

	/** A wait is worth drawing while it lasts, and when it ended for a socket; not when it ran out or ended for typed text, which is drawn as such. */
	#wakes(call: Call, sockets: ReadonlySet<number>): boolean {
		if (call.errno !== undefined) return true;
		if (call.returned === undefined) return !call.name.startsWith('epoll');
		if (call.returned === 0) return false;
		const ready = readyDescriptors(call);
		if (ready.length > 0) return ready.some(({ fd, traced }) => traced || sockets.has(fd));
		return !call.name.startsWith('epoll');
	}
}

/** Not TCP: local sockets, netlink, datagrams (name look-ups). */
function isForeign(call: Call): boolean {
	return /AF_UNIX|AF_LOCAL|AF_NETLINK|SOCK_DGRAM|SOCK_RAW|sun_path|^\s*\d+<(UNIX|UDP|NETLINK)/.test(call.args);
}

export function failed(call: Call): boolean {
	return call.errno !== undefined && call.errno !== 'EINPROGRESS';
}

/** A descriptor that a wait found ready. */
interface Ready {
	readonly fd: number;
	readonly events: string;
	/** The tracer itself says that it is a TCP socket. */
	readonly traced: boolean;
}

/**
 * Which descriptors a wait found ready, and for what. Tracers tell it behind the result of poll, `[{fd=3, revents=POLLIN}]`,
 * and among the arguments of epoll_wait, `[{events=EPOLLIN, data={u32=19, …}}]`.
 */
function readyDescriptors({ name, args, result = '' }: Call): Ready[] {
	const polled = [...result.matchAll(/fd=(\d+)(<[^,{}]*)?, revents=([A-Z0-9_|]+)/g)];
	const epolled = [...(name.startsWith('epoll') ? args : '').matchAll(/events=([A-Z0-9_|]+), data=(?:\{u32=)?(\d+)/g)];
	return [
		...polled.map(([, fd, file, events]) => ({ fd: Number(fd), events: events ?? '', traced: /^<(TCP|socket)/.test(file ?? '') })),
		...epolled.map(([, events, fd]) => ({ fd: Number(fd), events: events ?? '', traced: false })),
	];
}

/** The arguments of a call as a reader wants them: descriptors, ports and data; no structures, sizes or flags that are always the same. */
export function shortArguments(call: Call): string {
	const { name, args } = call;
	if (WAITING.has(name)) return waitedFor(call);
	const descriptor = call.fd === undefined ? /^\s*(\d+)/.exec(args)?.[1] : String(call.fd);
	if (name === 'connect' || name === 'bind' || name.startsWith('accept')) {
		const port = portIn(args);
		return [descriptor, port === undefined ? undefined : `:${port}`].filter(Boolean).join(', ');
	}
	if (name === 'close' || name === 'shutdown' || name === 'listen') return args.replace(/<.*>/, '');
	// A controlled socket names its option, and tells its value behind it.
	if (call.source === 'socket' && name.endsWith('sockopt')) return args.replaceAll('"', '');
	if (name === 'getsockopt') return [descriptor, 'SO_ERROR', /\[([A-Z]\w+|\d+)\]/.exec(args)?.[1]].filter(Boolean).join(', ');
	const data = /"(?:[^"\\]|\\.)*"(?:\.\.\.)?/.exec(args)?.[0];
	if (MOVING.has(name)) return [descriptor, data === '""' ? undefined : data].filter(Boolean).join(', ');
	return args;
}

/** The same as far as it was known when the call began: what it read, and whom it accepted, only its end tells. */
export function argumentsAtFirst(call: Call): string {
	const tellsAtItsEnd = call.name.startsWith('accept') || /^(read|recv)/.test(call.name);
	return tellsAtItsEnd && call.fd !== undefined ? String(call.fd) : shortArguments(call);
}

/** The descriptors that a wait named, ready ones first. */
export function polledDescriptors(call: Call): number[] {
	if (!WAITING.has(call.name)) return [];
	return [...readyDescriptors(call).map(({ fd }) => fd), ...[...call.args.matchAll(/\bfd=(\d+)/g)].map(([, fd]) => Number(fd))];
}

function waitedFor(call: Call): string {
	const polled = [...call.args.matchAll(/\bfd=(\d+)/g)].map(([, fd]) => fd);
	if (polled.length > 0) return polled.join(', ');
	return call.name.startsWith('epoll') ? (/^\s*(\d+)/.exec(call.args)?.[1] ?? '') : call.args;
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
	const ready = readyDescriptors(call);
	if (ready.length === 0) return ` = ${call.returned}`;
	return ` = ${ready.map(({ fd, events }) => `${fd}:${events}`).join(' ')}`;
}
