import { bare, descriptorsIn, sockaddrIn, socketOf } from './strace-descriptors.ts';
import { parseEpollControl, parsePollCall } from './strace-waits.ts';
import type { StraceCall, TcpSocket } from './types.ts';

/** The TCP sockets of a call. */
export interface SocketFacts {
	/** The descriptor that the call used. */
	readonly fd?: number;
	/** The socket that the call used or created. */
	readonly socket?: TcpSocket;
	/** For splice: whether it read from the socket or wrote to it. */
	readonly as?: 'read' | 'write';
	/** For the poll family: the descriptors that it waits for, if they are among its arguments. */
	readonly waitsOn?: readonly SocketDescriptor[];
	/** For the poll family: the ready descriptors. */
	readonly ready?: readonly (SocketDescriptor & { readonly events: string })[];
	/** The SO_ERROR that getsockopt read, as strace prints it: a name or a number. */
	readonly socketError?: string;
}

/** A descriptor, and its TCP socket if it is one. */
export interface SocketDescriptor {
	readonly fd: number;
	readonly socket?: TcpSocket;
}

type CallInput = Pick<StraceCall, 'pid' | 'name' | 'args'> & {
	readonly [Known in 'fd' | 'returned' | 'resultText']?: StraceCall[Known] | undefined;
};

/**
 * Finds the TCP socket of each call of a trace. strace prints the ends of a socket only while it has any. What strace
 * does not print is remembered by the socket's inode: its family, and the destination of a failed connect.
 */
export class TracedSockets {
	readonly #byInode = new Map<number, TcpSocket>();
	/** The socket of each descriptor of each process, as last seen. */
	readonly #seen = new Map<string, TcpSocket | undefined>();
	/** The descriptors that epoll's data stand for. */
	readonly #epoll = new Map<string, number>();

	/** Returns the facts of a call. To be called for all calls in order, including those that still block. */
	read(call: CallInput): SocketFacts {
		const described = descriptorsIn(call.args).map((descriptor) => {
			const socket = this.#tcpOf(descriptor);
			this.#seen.set(`${call.pid} ${descriptor.fd}`, socket);
			return { fd: descriptor.fd, ...(socket && { socket }) };
		});
		const waits = this.#waits(call, described);
		if (waits) return { ...(call.fd !== undefined && { fd: call.fd }), ...waits };
		if (call.name === 'splice' || call.name === 'sendfile') return moved(call, described);
		const socket = call.name === 'socket' ? this.#createdSocket(call) : this.#usedSocket(call, described[0]);
		const { fd } = call;
		return { ...(fd !== undefined && { fd }), ...(socket && { socket }), ...socketErrorOf(call) };
	}

	/** Returns the TCP socket of a descriptor, with everything that is known of it. */
	#tcpOf(descriptor: Parameters<typeof socketOf>[0]): TcpSocket | undefined {
		const { tcp, inode, protocol } = socketOf(descriptor) ?? {};
		const known = inode === undefined ? undefined : this.#byInode.get(inode);
		return tcp ? { ...known, ...tcp } : protocol === 'socket' ? known : undefined;
	}

	/** Returns the socket of the first descriptor if it is the one that the call used. */
	#usedSocket(
		{ name, args, fd, returned, resultText }: CallInput,
		first: SocketDescriptor | undefined,
	): TcpSocket | undefined {
		if (fd === undefined || first?.fd !== fd || !first.socket) return undefined;
		const { family, remote } = first.socket;
		const named = sockaddrIn(args);
		if (/^accept4?$/.test(name) && returned !== undefined)
			this.#remember(`${returned}<${resultText}>`, { family, ...(named && { remote: named }) });
		if (name !== 'connect' || remote !== undefined || named === undefined) return first.socket;
		const socket = { ...first.socket, remote: named };
		this.#remember(args, socket);
		return socket;
	}

	#remember(text: string, socket: TcpSocket): void {
		const [descriptor] = descriptorsIn(text);
		const inode = descriptor && socketOf(descriptor)?.inode;
		if (inode !== undefined) this.#byInode.set(inode, socket);
	}

	/** Returns the socket that socket() creates, from its arguments: they suffice if it fails, or has no annotation. */
	#createdSocket({ args, returned, resultText = '' }: CallInput): TcpSocket | undefined {
		const [, six] =
			/^AF_INET(6?), SOCK_STREAM\b(?:\|SOCK_\w+)*, (?:IPPROTO_IP|IPPROTO_TCP|IPPROTO_MPTCP|0)$/.exec(args) ?? [];
		if (six === undefined) return undefined;
		const socket = { family: six === '6' ? 'IPv6' : 'IPv4' } as const;
		if (returned !== undefined) this.#remember(`${returned}<${resultText}>`, socket);
		return socket;
	}

	#waits(call: CallInput, described: readonly SocketDescriptor[]): Pick<SocketFacts, 'waitsOn' | 'ready'> | undefined {
		const control = parseEpollControl(call);
		const instance = (epoll: number) => `${call.pid} ${epoll}`;
		if (control?.data !== undefined) this.#epoll.set(`${instance(control.epoll)} ${control.data}`, control.fd);
		const wait = parsePollCall(call);
		if (!wait) return undefined;
		const named = (fd: number): SocketDescriptor => {
			const socket = described.find((one) => one.fd === fd)?.socket ?? this.#seen.get(`${call.pid} ${fd}`);
			return { fd, ...(socket && { socket }) };
		};
		// The data of an epoll instance that another process created or filled are not known. Most programs use the
		// descriptor itself as data.
		const epolled = wait.readyData.map(({ data, low, events }) => ({
			fd: this.#epoll.get(`${instance(wait.on[0] ?? -1)} ${data}`) ?? low,
			events,
		}));
		const ready = [...wait.ready, ...epolled].map(({ fd, events }) => ({ ...named(fd), events }));
		const waitsOn = call.name.startsWith('epoll') ? [] : wait.on.map(named);
		return { ...(waitsOn.length > 0 && { waitsOn }), ...(ready.length > 0 && { ready }) };
	}
}

/**
 * Returns the facts of splice or sendfile, which have two descriptors. sendfile writes to its first one; splice moves
 * data from its first to its second.
 */
function moved({ name, fd }: CallInput, described: readonly SocketDescriptor[]): SocketFacts {
	const [first, second] = described;
	const from = name === 'splice' ? first : second;
	const to = name === 'splice' ? second : first;
	const as = name === 'splice' ? (to?.socket ? { as: 'write' as const } : { as: 'read' as const }) : {};
	const on = to?.socket ? to : from?.socket ? from : undefined;
	return on ? { ...on, ...as } : { ...(fd !== undefined && { fd }) };
}

function socketErrorOf({ name, args, returned }: CallInput): Pick<SocketFacts, 'socketError'> {
	if (name !== 'getsockopt' || returned !== 0) return {};
	const socketError = /^\d+, SOL_SOCKET, SO_ERROR, \[(\w+)\]/.exec(bare(args))?.[1];
	return socketError === undefined || socketError === '0' ? {} : { socketError };
}
