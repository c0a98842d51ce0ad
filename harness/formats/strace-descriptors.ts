import { unmapped } from './address.ts';
import { annotationsIn, stringsIn } from './strace-syntax.ts';
import type { Endpoint, TcpSocket } from './types.ts';

/**
 * A descriptor as strace prints it with `-yy`: its number and its annotation, e.g. `/etc/hosts` or
 * `TCP:[1.2.3.4:5->6.7.8.9:10]`.
 */
export interface Descriptor {
	readonly fd: number;
	readonly file: string;
}

/** Returns the descriptors in the arguments of a call, in order. */
export function descriptorsIn(args: string): Descriptor[] {
	return annotationsIn(args).flatMap(({ start, end }) => {
		// AT_FDCWD has an annotation, too: `AT_FDCWD</tmp>`.
		const fd = /\d+$/.exec(args.slice(Math.max(0, start - 10), start))?.[0];
		return fd === undefined ? [] : [{ fd: Number(fd), file: args.slice(start + 1, end - 1) }];
	});
}

/**
 * Returns the arguments without annotations and without the content of strings, so that a pattern cannot match names or
 * data.
 */
export function bare(args: string): string {
	const left: string[] = [];
	let at = 0;
	for (const { start, end } of [...annotationsIn(args), ...stringsIn(args)].sort((a, b) => a.start - b.start)) {
		left.push(args.slice(at, start), args.charAt(start) === '"' ? '""' : '');
		at = end;
	}
	return left.join('') + args.slice(at);
}

/** A socket in the annotation of a descriptor. */
export interface DescribedSocket {
	/** The kernel's name: `TCP`, `UDPv6`, `UNIX-STREAM`, …; `socket` if strace could not find it out. */
	readonly protocol: string;
	/** Only if strace found no addresses. */
	readonly inode?: number;
	/** For TCP only. */
	readonly tcp?: TcpSocket;
}

/**
 * Parses the annotation of a socket (socketutils.c, `inet_parse_response`): `TCP:[0.0.0.0:80]`,
 * `TCPv6:[[::1]:80->[::1]:5000]`, or `TCP:[28784]` with the inode if the socket is neither connected nor listening.
 * MPTCP counts as TCP, as it does for programs.
 */
export function socketOf({ file }: Descriptor): DescribedSocket | undefined {
	const [, protocol, inside] = /^([A-Z][\w-]*|socket):\[(.*)\]$/s.exec(file) ?? [];
	if (protocol === undefined || inside === undefined) return undefined;
	const inode = /^\d+$/.test(inside) ? { inode: Number(inside) } : {};
	const isTcp = /^(MP)?TCP(v6)?$/.exec(protocol);
	if (!isTcp) return { protocol, ...inode };
	const [local, remote] = inside.split('->').map(endpointOf);
	return {
		protocol,
		...inode,
		tcp: { family: isTcp[2] ? 'IPv6' : 'IPv4', ...(local && { local }), ...(remote && { remote }) },
	};
}

/** Parses `1.2.3.4:80` or `[::1]:80`. */
function endpointOf(text: string): Endpoint | undefined {
	const [, six, four, port] = /^(?:\[([\da-f:.]+)\]|([\d.]+)):(\d+)$/i.exec(text) ?? [];
	const address = six ?? four;
	return address === undefined ? undefined : { address: unmapped(address), port: Number(port) };
}

/**
 * Parses the socket address in the arguments of a call, if it is an IPv4 or IPv6 address: `{sa_family=AF_INET,
 * sin_port=htons(80), sin_addr=inet_addr("1.2.3.4")}`.
 */
export function sockaddrIn(args: string): Endpoint | undefined {
	const [, port, four, six] =
		/\{sa_family=AF_INET6?, sin6?_port=htons\((\d+)\),.*?(?:inet_addr\("([\d.]+)"\)|inet_pton\(AF_INET6, "([\da-f:.]+)")/i.exec(
			args,
		) ?? [];
	const address = four ?? six;
	return address === undefined ? undefined : { address: unmapped(address), port: Number(port) };
}
