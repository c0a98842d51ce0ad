import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StraceReader } from './strace.ts';
import { descriptorsIn, socketOf } from './strace-descriptors.ts';
import { type SocketFacts, TracedSockets } from './strace-sockets.ts';

/** Returns the facts of calls, given as lines of strace without pid, time and duration. */
function factsOf(...lines: string[]): SocketFacts[] {
	const reader = new StraceReader();
	const sockets = new TracedSockets();
	const records = reader.push(lines.map((line, index) => `7 1.${index} ${line} <0.000010>\n`).join(''));
	expect(reader.unread).toEqual([]);
	return records.flatMap((record) => (record.kind === 'call' ? [sockets.read(record)] : []));
}
const last = (...lines: string[]) => factsOf(...lines).at(-1);

const A = { address: '192.0.2.1', port: 8080 };
const B = { address: '192.0.2.2', port: 50_000 };

describe('a descriptor', () => {
	test.each<[string, unknown]>([
		['TCP:[192.0.2.1:8080->192.0.2.2:50000]', { family: 'IPv4', local: A, remote: B }],
		['TCP:[0.0.0.0:8080]', { family: 'IPv4', local: { address: '0.0.0.0', port: 8080 } }],
		['TCP:[28784]', { family: 'IPv4' }],
		['TCPv6:[[::ffff:192.0.2.1]:8080->[::ffff:192.0.2.2]:50000]', { family: 'IPv6', local: A, remote: B }],
		['TCPv6:[[::]:8080]', { family: 'IPv6', local: { address: '::', port: 8080 } }],
		[
			'TCPv6:[[::1]:80->[fe80::1:2]:81]',
			{ family: 'IPv6', local: { address: '::1', port: 80 }, remote: { address: 'fe80::1:2', port: 81 } },
		],
		['TCPv6:[28784]', { family: 'IPv6' }],
		['MPTCP:[28784]', { family: 'IPv4' }],
		['UDP:[192.0.2.1:8080->192.0.2.2:50000]', undefined],
		['UDPv6:[[::1]:1->[::1]:2]', undefined],
		['UNIX-STREAM:[36->37,"/run/TCP:[1.2.3.4:5->6.7.8.9:10]"]', undefined],
		['NETLINK:[ROUTE:30089]', undefined],
		['socket:[28784]', undefined],
		['pipe:[28784]', undefined],
		['anon_inode:[eventpoll]', undefined],
		['/tmp/TCP:[192.0.2.1:8080->192.0.2.2:50000]', undefined],
	])('%s', (file, tcp) => {
		expect(socketOf({ fd: 3, file })?.tcp).toEqual(tcp);
	});

	/**
	 * A path as strace prints it (util.c, `string_quote` with `<>` to be escaped), of characters that have a meaning in
	 * other places.
	 */
	const path = fc
		.string({ unit: fc.constantFrom(...'ab()[]{}<>"\\-=?,. \n:'), maxLength: 12 })
		.map(
			(name) =>
				`/${name.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('<', '\\74').replaceAll('>', '\\76')}`,
		);
	const device = fc.constantFrom('', '<char 136:0>', '<block 8:1>');
	const deleted = fc.constantFrom('', '(deleted)');

	test('of a file is parsed, whatever its name, and does not affect the descriptors around it', () => {
		fc.assert(
			fc.property(path, device, deleted, (name, kind, gone) => {
				const args =
					`[{fd=3<${name}${kind}>${gone}, events=POLLIN}, {fd=4<TCP:[192.0.2.1:8080->192.0.2.2:50000]>, ` +
					'events=POLLIN}], 2, -1';
				expect(descriptorsIn(args)).toEqual([
					{ fd: 3, file: name + kind },
					{ fd: 4, file: 'TCP:[192.0.2.1:8080->192.0.2.2:50000]' },
				]);
				expect(last(`poll(${args}) = 1 ([{fd=4, revents=POLLIN|POLLHUP}])`)).toEqual({
					waitsOn: [{ fd: 3 }, { fd: 4, socket: { family: 'IPv4', local: A, remote: B } }],
					ready: [{ fd: 4, events: 'POLLIN|POLLHUP', socket: { family: 'IPv4', local: A, remote: B } }],
				});
			}),
		);
	});
});

const SOCKET = '7<TCPv6:[[::ffff:192.0.2.1]:8080->[::ffff:192.0.2.2]:50000]>';
const ENDS = { family: 'IPv6', local: A, remote: B };

describe('the socket of a call', () => {
	test.each<[string, SocketFacts]>([
		[
			`recvmmsg(${SOCKET}, [{msg_hdr={msg_name=NULL}, msg_len=3}], 1, 0, NULL) = 1`,
			{ fd: 7, socket: ENDS } as SocketFacts,
		],
		[`preadv2(${SOCKET}, [{iov_base="x", iov_len=1}], 1, -1, 0) = 1`, { fd: 7, socket: ENDS } as SocketFacts],
		[`sendfile(${SOCKET}, 14</etc/host->, [0] => [3], 4) = 3`, { fd: 7, socket: ENDS } as SocketFacts],
		[`splice(${SOCKET}, NULL, 13<pipe:[1]>, NULL, 100, 0) = 5`, { fd: 7, socket: ENDS, as: 'read' } as SocketFacts],
		[`splice(12<pipe:[1]>, NULL, ${SOCKET}, NULL, 5, 0) = 5`, { fd: 7, socket: ENDS, as: 'write' } as SocketFacts],
		['splice(12<pipe:[1]>, NULL, 13<pipe:[2]>, NULL, 5, 0) = 5', { fd: 12 }],
		['write(1</tmp/a [7\\74TCP:[1]->, "x", 1) = 1', { fd: 1 }],
		[
			'socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP) = 3<TCPv6:[5]>',
			{ socket: { family: 'IPv6' } },
		],
		['socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP) = -1 EPROTONOSUPPORT (Protocol not supported)', {}],
		['socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3<UDP:[5]>', {}],
	])('%s', (line, facts) => {
		expect(last(line)).toEqual(facts);
	});

	test('without an annotation of TCP is identified by its inode', () => {
		const made = 'socket(AF_INET6, SOCK_STREAM, IPPROTO_MPTCP) = 3<socket:[5]>';
		const connect =
			'connect(3<socket:[5]>, {sa_family=AF_INET6, sin6_port=htons(9), sin6_flowinfo=htonl(0), ' +
			'inet_pton(AF_INET6, "::ffff:192.0.2.9", &sin6_addr), sin6_scope_id=0}, 28)';
		const socket = { family: 'IPv6', remote: { address: '192.0.2.9', port: 9 } };
		const refused = `${connect} = -1 ECONNREFUSED (Connection refused)`;
		expect(factsOf(made, refused, 'recvfrom(3<socket:[5]>, 0x7, 1, 0, NULL, NULL) = -1 ENOTCONN (x)').slice(1)).toEqual(
			[
				{ fd: 3, socket },
				{ fd: 3, socket },
			],
		);
		// Another inode on the same descriptor is another socket.
		expect(
			last(
				made,
				refused,
				'close(3<socket:[5]>) = 0',
				'recvfrom(3<socket:[6]>, 0x7, 1, 0, NULL, NULL) = -1 ENOTCONN (x)',
			),
		).toEqual({ fd: 3 });
	});

	test.each<[string, string | undefined]>([
		['[ECONNREFUSED]', 'ECONNREFUSED'],
		['[E2BIG]', 'E2BIG'],
		['[524]', '524'],
		['[0]', undefined],
	])('SO_ERROR reads %s', (value, socketError) => {
		expect(last(`getsockopt(${SOCKET}, SOL_SOCKET, SO_ERROR, ${value}, [4]) = 0`)).toEqual({
			fd: 7,
			socket: ENDS,
			...(socketError && { socketError }),
		});
	});
});

describe('the ready descriptors', () => {
	test('of select are those in its sets', () => {
		expect(
			last(
				`pselect6(8, [0</dev/null<char 1:3>> ${SOCKET}], [${SOCKET}], NULL, {tv_sec=1, tv_nsec=0}, NULL) = 2 (in ` +
					'[0], out [7], left {tv_sec=0, tv_nsec=9})',
			),
		).toEqual({
			waitsOn: [{ fd: 0 }, { fd: 7, socket: ENDS }],
			ready: [
				{ fd: 0, events: 'in' },
				{ fd: 7, socket: ENDS, events: 'out' },
			],
		});
	});

	const epoll = '4<anon_inode:[eventpoll]>';
	const woken = (u32: number, u64: string) =>
		`epoll_pwait2(${epoll}, [{events=EPOLLIN|EPOLLRDHUP, data={u32=${u32}, u64=${u64}}}], 64, NULL, NULL, 8) = 1`;

	test('of epoll are those for which epoll_ctl set the data, e.g. a pointer in Go and Java', () => {
		const added =
			`epoll_ctl(${epoll}, EPOLL_CTL_ADD, ${SOCKET}, {events=EPOLLIN, data={u32=2864434397, u64=140389596004359}}) ` +
			'= 0';
		expect(last(added, woken(2_864_434_397, '140389596004359'))).toEqual({
			fd: 4,
			ready: [{ fd: 7, socket: ENDS, events: 'EPOLLIN|EPOLLRDHUP' }],
		});
	});

	test('of epoll are the data themselves if epoll_ctl was not traced', () => {
		expect(last(`read(${SOCKET}, "x", 1) = 1`, woken(7, '7'))).toEqual({
			fd: 4,
			ready: [{ fd: 7, socket: ENDS, events: 'EPOLLIN|EPOLLRDHUP' }],
		});
	});
});
