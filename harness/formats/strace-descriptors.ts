import { unmapped } from './address.ts';
import { annotationsIn, stringsIn } from './strace-syntax.ts';
import type { Endpoint, TcpSocket } from './types.ts';

/**
 * A descriptor as strace writes it with `-yy`: its number, and what it stands for, e.g. `/etc/hosts` or
 * `TCP:[1.2.3.4:5->6.7.8.9:10]`.
 */
export interface Descriptor {
	readonly fd: number;
	readonly file: string;
}

/** The descriptors that arguments name, in order. */
export function descriptorsIn(args: string): Descriptor[] {
	return annotationsIn(args).flatMap(({ start, end }) => {
		// The working directory stands there, too: `AT_FDCWD</tmp>`.
		const fd = /\d+$/.exec(args.slice(Math.max(0, start - 10), start))?.[0];
		return fd === undefined ? [] : [{ fd: Number(fd), file: args.slice(start + 1, end - 1) }];
	});
}

/**
 * The arguments without what descriptors stand for and without what strings hold: no name or data can be taken for
 * something else there.
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

/** What a descriptor says of a socket. */
export interface DescribedSocket {
	/** As the kernel names it: `TCP`, `UDPv6`, `UNIX-STREAM`, …; `socket` where strace could not ask. */
	readonly protocol: string;
	/** Where it has no addresses that strace could find. */
	readonly inode?: number;
	/** Of TCP only. */
	readonly tcp?: TcpSocket;
}

/**
 * Reads what strace makes of a socket (socketutils.c, `inet_parse_response`): `TCP:[0.0.0.0:80]`,
 * `TCPv6:[[::1]:80->[::1]:5000]`, `TCP:[28784]` with its inode where it is neither connected nor listening. MPTCP is
 * TCP to its programs.
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

/** `1.2.3.4:80`, `[::1]:80`. */
function endpointOf(text: string): Endpoint | undefined {
	const [, six, four, port] = /^(?:\[([\da-f:.]+)\]|([\d.]+)):(\d+)$/i.exec(text) ?? [];
	const address = six ?? four;
	return address === undefined ? undefined : { address: unmapped(address), port: Number(port) };
}

/**
 * The address that a call names (`{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("1.2.3.4")}`), if it is of
 * TCP's.
 */
export function sockaddrIn(args: string): Endpoint | undefined {
	const [, port, four, six] =
		/\{sa_family=AF_INET6?, sin6?_port=htons\((\d+)\),.*?(?:inet_addr\("([\d.]+)"\)|inet_pton\(AF_INET6, "([\da-f:.]+)")/i.exec(
			args,
		) ?? [];
	const address = four ?? six;
	return address === undefined ? undefined : { address: unmapped(address), port: Number(port) };
}
