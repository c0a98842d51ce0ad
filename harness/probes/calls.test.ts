import { describe, expect, test } from '@jest/globals';
import { emptyHistory } from '../timeline/fixtures.ts';
import type { History } from '../timeline/history.ts';
import { CallProbe, straceCommand } from './calls.ts';

/** Expands times: `@1.5` is 1.5 seconds after the start of the history. */
const written = (text: string) => text.replaceAll(/^(\d+) +@/gm, '$1 180000000');

/** Returns the history after a probe has read a trace in chunks. */
function historyOf(...pieces: string[]): History {
	const history = emptyHistory();
	const probe = new CallProbe(history, 'client', 'dnc-1');
	for (const piece of pieces) probe.push(Buffer.from(written(piece), 'latin1'));
	return history;
}

const calls = (history: History) =>
	history.of('call').map(({ name, returned, errno }) => `${name} ${errno ?? returned ?? '…'}`);
/** Returns the calls that are recorded, of a trace with one call per line. */
const kept = (...lines: string[]) =>
	calls(historyOf(`${lines.map((line, index) => `7 @0.00000${index} ${line}`).join('\n')}\n`));

test('a call is an event with everything that strace prints', () => {
	const history = historyOf(
		'38    @1.250000 read(3<TCP:[198.18.0.2:50000->198.18.0.3:8080]>, 0x7ffd, 2048) = -1 ECONNRESET (Connection ' +
			'reset by peer) <0.000042>\n',
	);
	expect(history.events).toEqual([
		{
			kind: 'call',
			t: 1.25,
			host: 'client',
			peer: 'dnc-1',
			pid: 38,
			name: 'read',
			args: '3<TCP:[198.18.0.2:50000->198.18.0.3:8080]>, 0x7ffd, 2048',
			fd: 3,
			socket: {
				family: 'IPv4',
				local: { address: '198.18.0.2', port: 50000 },
				remote: { address: '198.18.0.3', port: 8080 },
			},
			returned: -1,
			errno: 'ECONNRESET',
			result: 'Connection reset by peer',
			took: 0.000_042,
			source: 'strace',
		},
	]);
});

describe('a call that blocks', () => {
	const entered = '7 @1.000000 accept4(3<TCP:[0.0.0.0:8080]>, ';
	const poll = '7 @2.000000 poll([{fd=4<TCP:[198.18.0.2:50000->198.18.0.3:8080]>, events=POLLIN}], 1, -1';

	test('is an event without a result', () => {
		const history = historyOf(poll);
		expect(calls(history)).toEqual(['poll …']);
		expect(history.of('call')[0]).not.toHaveProperty('took');
	});

	test('is replaced by one event when it has returned', () => {
		const history = historyOf(poll, ') = 1 ([{fd=4, revents=POLLIN}]) <0.500000>\n');
		expect(history.of('call')).toMatchObject([
			{ name: 'poll', t: 2, returned: 1, result: '[{fd=4, revents=POLLIN}]', took: 0.5 },
		]);
	});

	test('is replaced also if strace printed another process in between', () => {
		const history = historyOf(
			`${entered}<unfinished ...>\n8 @1.200000 write(1<pipe:[1]>, "x", 1) = 1 <0.000010>\n`,
			'7 @1.500000 <... accept4 resumed>{sa_family=AF_INET, sin_port=htons(50000), ' +
				'sin_addr=inet_addr("198.18.0.2")}, [128 => 16], SOCK_NONBLOCK) = ' +
				'4<TCP:[198.18.0.3:8080->198.18.0.2:50000]> <0.500000>\n',
		);
		expect(calls(history)).toEqual(['accept4 4', 'write 1']);
		expect(history.of('call')[0]).toMatchObject({ t: 1, pid: 7, took: 0.5 });
	});

	test('is not replaced by a call of another process', () => {
		// Both were entered in the same microsecond, on two CPUs.
		const other = poll.replace('7 @2', '8 @1');
		const history = historyOf(`${entered}<unfinished ...>\n${other}`, ') = 0 (Timeout) <1.000000>\n');
		expect(calls(history)).toEqual(['accept4 …', 'poll 0']);
	});

	test('has no result if its process ends, and ends at that time', () => {
		const history = historyOf(`${entered}<unfinished ...>\n`, '7 @3.000000 +++ killed by SIGKILL +++\n');
		expect(history.of('call')).toMatchObject([
			{ name: 'accept4', t: 1, took: 2, result: 'never returned: killed by SIGKILL' },
		]);
		expect(history.of('call')[0]).not.toHaveProperty('returned');
	});

	test('ends when its host is lost', () => {
		const history = emptyHistory();
		const probe = new CallProbe(history, 'client', 'dnc-1');
		probe.push(Buffer.from(written(poll)));
		probe.lost(5);
		expect(history.of('call')).toMatchObject([
			{ name: 'poll', t: 2, took: 3, result: 'never returned: lost with its host' },
		]);
	});

	test('is two events if it is made twice', () => {
		const again = poll.replace('@2', '@3');
		const history = historyOf(
			poll,
			`) = 1 ([{fd=4, revents=POLLIN}]) <0.500000>\n${again}`,
			') = 0 (Timeout) <0.500000>\n',
		);
		expect(calls(history)).toEqual(['poll 1', 'poll 0']);
	});

	test('is the same, however the trace is split into chunks', () => {
		const text = written(
			`${poll}) = 1 ([{fd=4, revents=POLLIN}]) <0.500000>\n7 @2.600000 ` +
				'read(4<TCP:[198.18.0.2:50000->198.18.0.3:8080]>, "", 2048) = 0 <0.000010>\n',
		);
		const whole = historyOf(text).events;
		expect(whole).toHaveLength(2);
		for (let cut = 0; cut < text.length; cut++)
			expect(historyOf(text.slice(0, cut), text.slice(cut)).events).toEqual(whole);
	});
});

describe('SO_ERROR', () => {
	const asked = (errno: string) =>
		`7 @5.000000 getsockopt(4<TCP:[242780]>, SOL_SOCKET, SO_ERROR, [${errno}], [4]) = 0 <0.000250>\n`;

	test('is an event of its own, at the time at which getsockopt returned', () => {
		expect(historyOf(asked('ECONNREFUSED')).events).toMatchObject([
			{ kind: 'call', name: 'getsockopt', returned: 0 },
			{ kind: 'error', t: 5.000_25, host: 'client', peer: 'dnc-1', errno: 'ECONNREFUSED', source: 'so_error' },
		]);
	});

	test.each([
		['E2BIG', 'E2BIG'],
		['512', 'errno 512'],
	])('may be any: %s', (asks, errno) => {
		expect(historyOf(asked(asks)).of('error')).toMatchObject([{ errno }]);
	});

	test('has the destination of the failed connect, although the socket has no endpoints any more', () => {
		const connect =
			'7 @4.000000 connect(4<TCP:[242780]>, {sa_family=AF_INET, sin_port=htons(9), ' +
			'sin_addr=inet_addr("198.18.0.3")}, 16)';
		const history = historyOf(
			`${connect} = -1 EINPROGRESS (Operation now in progress) <0.000099>\n${asked('ECONNREFUSED')}`,
		);
		expect(history.of('error')).toMatchObject([{ errno: 'ECONNREFUSED', remote: { address: '198.18.0.3', port: 9 } }]);
	});

	test('of 0 is no event, nor is another option', () => {
		const history = historyOf(
			asked('0'),
			'7 @6.000000 getsockopt(4<TCP:[242780]>, SOL_SOCKET, SO_TYPE, [1], [4]) = 0 <0.000010>\n',
		);
		expect(history.of('error')).toEqual([]);
		expect(history.of('call')).toHaveLength(2);
	});

	test('is one event, although the call is reported twice', () => {
		const history = historyOf(
			'7 @5.000000 getsockopt(4<TCP:[242780]>, SOL_SOCKET, SO_ERROR,  <unfinished ...>\n8 @5.000010 ' +
				'close(5<TCP:[1]>) = 0 <0.000010>\n',
			'7 @5.000300 <... getsockopt resumed>[ETIMEDOUT], [4]) = 0 <0.000300>\n',
		);
		expect(history.of('error')).toMatchObject([{ errno: 'ETIMEDOUT', t: 5.000_3 }]);
	});
});

/** Lines of real runs of strace 6.1 and 6.13. */
describe('of the other calls of a program', () => {
	test('those on files, libraries and other descriptors are left out', () => {
		expect(
			kept(
				'read(3</usr/lib/x86_64-linux-gnu/libc.so.6>, "\\177ELF\\2\\1\\1\\3"..., 832) = 832 <0.000042>',
				'close(3</usr/lib/x86_64-linux-gnu/libc.so.6>) = 0 <0.000042>',
				'read(16<anon_inode:[eventfd]>, "\\1\\0\\0\\0\\0\\0\\0\\0", 1024) = 8 <0.000010>',
				'close(3) = -1 EBADF (Bad file descriptor) <0.000040>',
				'write(17</tmp/log>, "x", 1) = 1 <0.000040>',
			),
		).toEqual([]);
	});

	test('those on local sockets and netlink are left out, which the C library uses for names and addresses', () => {
		expect(
			kept(
				'socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0) = 3<UNIX-STREAM:[242779]> <0.000046>',
				'connect(3<UNIX-STREAM:[242779]>, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT ' +
					'(No such file or directory) <0.000020>',
				'close(3<UNIX-STREAM:[242779]>) = 0 <0.000046>',
				'socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 3<NETLINK:[243]> <0.000010>',
				'sendto(3<NETLINK:[ROUTE:30089]>, [{nlmsg_len=20}], 20, 0, NULL, 0) = 20 <0.000010>',
				'recvmsg(3<NETLINK:[ROUTE:30089]>, {msg_namelen=12}, 0) = 540 <0.000010>',
			),
		).toEqual([]);
	});

	test('those on UDP are left out, where connect returns 0 at once and connects nothing', () => {
		expect(
			kept(
				'socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3<UDP:[242777]> <0.000059>',
				'connect(3<UDP:[242777]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.1")}, 16) ' +
					'= 0 <0.000064>',
				'getsockname(3<UDP:[127.0.0.1:58861->127.0.0.1:53]>, {sa_family=AF_INET}, [28 => 16]) = 0 <0.000010>',
				'sendto(3<UDP:[127.0.0.1:58861->127.0.0.1:53]>, "x", 1, 0, NULL, 0) = 1 <0.000419>',
				'socket(AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3<UDPv6:[242778]> <0.000047>',
				'connect(3<UDPv6:[242778]>, {sa_family=AF_INET6, sin6_port=htons(53)}, 28) = 0 <0.000062>',
				'close(3<UDPv6:[[::1]:50107->[::1]:53]>) = 0 <0.000049>',
			),
		).toEqual([]);
	});

	test('those on TCP or standard streams, and those that wait, are recorded', () => {
		expect(
			kept(
				'socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4<TCP:[242780]> <0.000048>',
				'connect(4<TCP:[242780]>, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16) = ' +
					'-1 EINPROGRESS (Operation now in progress) <0.000099>',
				'epoll_wait(13<anon_inode:[eventpoll]>, [{events=EPOLLIN}], 1024, -1) = 1 <0.000058>',
				'read(0</dev/pts/0<char 136:0>>, "hi\\n", 16384) = 3 <0.000010>',
				'writev(4<TCPv6:[[::ffff:127.0.0.1]:80->[::ffff:127.0.0.1]:50000]>, [{iov_base="hi\\n", iov_len=3}], 1) ' +
					'= 3 <0.000010>',
				'shutdown(4<TCP:[242780]>, SHUT_WR) = 0 <0.000010>',
				'close(4<TCP:[242780]>) = 0 <0.000173>',
				'write(2<pipe:[12]>, "gone\\n", 5) = 5 <0.000010>',
			),
		).toEqual([
			'socket 4',
			'connect EINPROGRESS',
			'epoll_wait 1',
			'read 3',
			'writev 3',
			'shutdown 0',
			'close 0',
			'write 5',
		]);
	});

	test('the close of a standard stream is left out', () => {
		expect(kept('close(1<pipe:[12]>) = 0 <0.000010>')).toEqual([]);
	});

	test('signals and exits are left out', () => {
		expect(
			historyOf(
				'7 @1.000000 --- SIGINT {si_signo=SIGINT, si_code=SI_USER, si_pid=39, si_uid=0} ---\n7 @1.1 +++ exited ' +
					'with 0 +++\n',
			).events,
		).toEqual([]);
	});
});

describe('io_uring', () => {
	const ring =
		'io_uring_setup(8, {flags=0, sq_thread_cpu=0, sq_thread_idle=0, sq_entries=8}) = 5<anon_inode:[io_uring]> ' +
		'<0.000050>\n';

	test('is recorded as a loss, once: later calls of the program are unknown', () => {
		const history = historyOf(`7 @1.500000 ${ring}`, `7 @2.000000 ${ring}`);
		expect(history.losses).toEqual([
			{
				observer: 'strace of dnc-1',
				host: 'client',
				what: 'uses io_uring: its socket calls are not traced',
				since: 1.5,
			},
		]);
		expect(history.isBlind('strace of dnc-1', 'client', 3)).toBe(true);
		expect(history.of('call')).toEqual([]);
	});
});

test('a call has its process, and its thread if that is not the first one', () => {
	const socket = '3<TCP:[198.18.0.2:50000->198.18.0.3:8080]>';
	const history = historyOf(
		'7 @1.000000 clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, exit_signal=0, stack=0x7f, stack_size=0x7}, 88 ' +
			'<unfinished ...>\n',
		`8 @1.100000 read(${socket}, <unfinished ...>\n7 @1.200000 <... clone3 resumed> => {parent_tid=[8]}, 88) = 8 ` +
			'<0.200000>\n',
		'7 @1.300000 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f) = 9 <0.000100>\n',
		`9 @1.400000 write(${socket}, "x", 1) = 1 <0.000010>\n`,
	);
	expect(history.of('call').map(({ name, pid, tid }) => [name, pid, tid])).toEqual([
		['read', 7, 8],
		['write', 9, undefined],
	]);
});

test('the command line follows that of strace, which writes to the agent’s third stream', () => {
	const argv = straceCommand(['nc', '-l', '8080']);
	expect(argv.slice(-3)).toEqual(['nc', '-l', '8080']);
	expect(argv.slice(-5, -3)).toEqual(['-o', '@log']);
});
