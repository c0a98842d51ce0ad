import { bare, descriptorsIn, sockaddrIn, socketOf } from './strace-descriptors.ts';
import { epollControlOf, waitOf } from './strace-waits.ts';
import type { StraceCall, TcpSocket } from './types.ts';

/** What a call says of TCP sockets, beside its name, arguments and result. */
export interface SocketFacts {
	/** The descriptor it was made on. */
	readonly fd?: number;
	/** The socket it was made on, or made. */
	readonly socket?: TcpSocket;
	/** Of splice: whether it took data from its socket or put some in. */
	readonly as?: 'read' | 'write';
	/** Of the family poll: what it waits for, as far as it says so itself. */
	readonly waitsOn?: readonly SocketDescriptor[];
	/** Of the family poll: what it found ready. */
	readonly ready?: readonly (SocketDescriptor & { readonly events: string })[];
	/** What getsockopt read of SO_ERROR, as strace writes it: a name, or a number. */
	readonly socketError?: string;
}

/** A descriptor, and the TCP socket that it is, where it is one. */
export interface SocketDescriptor {
	readonly fd: number;
	readonly socket?: TcpSocket;
}

type Called = Pick<StraceCall, 'pid' | 'name' | 'args'> & {
	readonly [Known in 'fd' | 'returned' | 'resultText']?: StraceCall[Known] | undefined;
};

/**
 * Tells of each call of a trace on which TCP socket it was made. strace itself names a socket's ends as long as it has
 * any; what it does not know any more is remembered by the socket's inode: its family, and whom a connect that failed
 * was for.
 */
export class TracedSockets {
	readonly #byInode = new Map<number, TcpSocket>();
	/** What each descriptor of each process was last seen to be. */
	readonly #seen = new Map<string, TcpSocket | undefined>();
	/** What epoll's data stand for. */
	readonly #epoll = new Map<string, number>();

	/** Facts of one call; call it for all calls in their order, also for those that still block. */
	read(call: Called): SocketFacts {
		const described = descriptorsIn(call.args).map((descriptor) => {
			const socket = this.#tcpOf(descriptor);
			this.#seen.set(`${call.pid} ${descriptor.fd}`, socket);
			return { fd: descriptor.fd, ...(socket && { socket }) };
		});
		const waits = this.#waits(call, described);
		if (waits) return { ...(call.fd !== undefined && { fd: call.fd }), ...waits };
		if (call.name === 'splice' || call.name === 'sendfile') return moved(call, described);
		const socket = call.name === 'socket' ? this.#made(call) : this.#on(call, described[0]);
		const { fd } = call;
		return { ...(fd !== undefined && { fd }), ...(socket && { socket }), ...socketErrorOf(call) };
	}

	/** The TCP socket that a descriptor is, with all that is known of it. */
	#tcpOf(descriptor: Parameters<typeof socketOf>[0]): TcpSocket | undefined {
		const { tcp, inode, protocol } = socketOf(descriptor) ?? {};
		const known = inode === undefined ? undefined : this.#byInode.get(inode);
		return tcp ? { ...known, ...tcp } : protocol === 'socket' ? known : undefined;
	}

	/** The socket of the first descriptor, where the call was made on that. */
	#on({ name, args, fd, returned, resultText }: Called, first: SocketDescriptor | undefined): TcpSocket | undefined {
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

	/** What socket() makes: its arguments say so, also where it fails, and where strace cannot ask what it made. */
	#made({ args, returned, resultText = '' }: Called): TcpSocket | undefined {
		const [, six] =
			/^AF_INET(6?), SOCK_STREAM\b(?:\|SOCK_\w+)*, (?:IPPROTO_IP|IPPROTO_TCP|IPPROTO_MPTCP|0)$/.exec(args) ?? [];
		if (six === undefined) return undefined;
		const socket = { family: six === '6' ? 'IPv6' : 'IPv4' } as const;
		if (returned !== undefined) this.#remember(`${returned}<${resultText}>`, socket);
		return socket;
	}

	#waits(call: Called, described: readonly SocketDescriptor[]): Pick<SocketFacts, 'waitsOn' | 'ready'> | undefined {
		const control = epollControlOf(call);
		const instance = (epoll: number) => `${call.pid} ${epoll}`;
		if (control?.data !== undefined) this.#epoll.set(`${instance(control.epoll)} ${control.data}`, control.fd);
		const wait = waitOf(call);
		if (!wait) return undefined;
		const named = (fd: number): SocketDescriptor => {
			const socket = described.find((one) => one.fd === fd)?.socket ?? this.#seen.get(`${call.pid} ${fd}`);
			return { fd, ...(socket && { socket }) };
		};
		// An instance that another process made, or filled, is not known here; most programs give the descriptor itself.
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
 * splice and sendfile have two descriptors, of which one is the socket; sendfile puts into its first, splice moves from
 * its first to its second.
 */
function moved({ name, fd }: Called, described: readonly SocketDescriptor[]): SocketFacts {
	const [first, second] = described;
	const from = name === 'splice' ? first : second;
	const to = name === 'splice' ? second : first;
	const as = name === 'splice' ? (to?.socket ? { as: 'write' as const } : { as: 'read' as const }) : {};
	const on = to?.socket ? to : from?.socket ? from : undefined;
	return on ? { ...on, ...as } : { ...(fd !== undefined && { fd }) };
}

function socketErrorOf({ name, args, returned }: Called): Pick<SocketFacts, 'socketError'> {
	if (name !== 'getsockopt' || returned !== 0) return {};
	const socketError = /^\d+, SOL_SOCKET, SO_ERROR, \[(\w+)\]/.exec(bare(args))?.[1];
	return socketError === undefined || socketError === '0' ? {} : { socketError };
}
