import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StraceReader } from './strace.ts';
import type { StraceCall, StraceRecord } from './types.ts';

/** strace 6.13 -f -yy -ttt -T -s 64: lines of real runs of nc, sh and Node. */
const REAL = `38    1795164756.348076 wait4(-1,  <unfinished ...>
39    1795164756.348251 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>
40    1795164756.348460 set_robust_list(0x7f631392aa20, 24 <unfinished ...>
39    1795164756.348491 <... clone resumed>, child_tidptr=0x7f631392aa10) = 40 <0.000227>
40    1795164756.348514 <... set_robust_list resumed>) = 0 <0.000035>
39    1795164756.348748 read(3</usr/lib/x86_64-linux-gnu/libc.so.6>, "\\177ELF\\2\\1\\1\\3\\0\\"<(p\\236\\2"..., 832) = 832 <0.000042>
39    1795164756.348829 newfstatat(AT_FDCWD</tmp>, "/usr/local/bin/sleep",  <unfinished ...>
39    1795164756.348928 <... newfstatat resumed>0x7ffdbc3da130, 0) = -1 ENOENT (No such file or directory) <0.000052>
40    1795164756.362848 accept4(3<TCP:[0.0.0.0:8090]>,  <unfinished ...>
39    1795164756.655254 exit_group(0)   = ?
39    1795164756.655442 +++ exited with 0 +++
38    1795164756.655483 <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 39 <0.305417>
38    1795164756.655516 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=39, si_uid=0, si_status=0, si_utime=0, si_stime=0} ---
40    1795164756.669932 <... accept4 resumed>{sa_family=AF_INET, sin_port=htons(35694), sin_addr=inet_addr("127.0.0.1")}, [128 => 16], SOCK_NONBLOCK) = 4<TCP:[127.0.0.1:8090->127.0.0.1:35694]> <0.307081>
40    1795164756.670816 poll([{fd=0</dev/null<char 1:3>>, events=POLLIN}, {fd=4<TCP:[127.0.0.1:8090->127.0.0.1:35694]>, events=POLLIN}], 2, -1) = 1 ([{fd=4, revents=POLLIN}]) <0.000064>
40    1795164756.671025 read(4<TCP:[127.0.0.1:8090->127.0.0.1:35694]>, "hi \\"there\\" (a) = <b>\\n", 16384) = 21 <0.000009>
40    1795164756.672584 close(3)        = -1 EBADF (Bad file descriptor) <0.000040>
38    1795164756.672934 wait4(-1, 0x7ffdbc3da32c, 0, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set) <0.324833>
38    1795164756.673033 --- SIGINT {si_signo=SIGINT, si_code=SI_USER, si_pid=39, si_uid=0} ---
38    1795164756.673040 restart_syscall(<... resuming interrupted poll ...>) = 1 <0.100000>
38    1795164756.674010 fcntl(3<TCP:[28784]>, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK) <0.000011>
38    1795164756.674216 +++ killed by SIGINT +++
`;

function readAll(text: string) {
	const reader = new StraceReader();
	const pushed = reader.push(text);
	return { ...reader.end(), pushed };
}

/** What a line says, without its head. */
function readCall(body: string): StraceCall {
	const { pushed, unread } = readAll(`7 1.5 ${body}\n`);
	expect(unread).toEqual([]);
	expect(pushed).toHaveLength(1);
	return pushed[0] as StraceCall;
}

const completed = (records: readonly StraceRecord[]) =>
	records.filter((record) => record.kind !== 'call' || !record.blocked);

describe('calls', () => {
	test('are read as strace prints them', () => {
		const { pushed, unread, records } = readAll(REAL);
		expect(unread).toEqual([]);
		expect(records).toEqual([]);
		const calls = pushed.filter((record) => record.kind === 'call');
		expect(calls.map((call) => [call.pid, call.name, call.fd, call.returned, call.errno])).toEqual([
			[39, 'clone', undefined, 40, undefined],
			[40, 'set_robust_list', undefined, 0, undefined],
			[39, 'read', 3, 832, undefined],
			[39, 'newfstatat', undefined, -1, 'ENOENT'],
			[39, 'exit_group', undefined, undefined, undefined],
			[38, 'wait4', undefined, 39, undefined],
			[40, 'accept4', 3, 4, undefined],
			[40, 'poll', undefined, 1, undefined],
			[40, 'read', 4, 21, undefined],
			[40, 'close', 3, -1, 'EBADF'],
			[38, 'wait4', undefined, undefined, undefined],
			[38, 'restart_syscall', undefined, 1, undefined],
			[38, 'fcntl', 3, 2050, undefined],
		]);
		expect(pushed.filter((record) => record.kind !== 'call')).toEqual([
			{ kind: 'exit', pid: 39, t: 1795164756.655442, status: 0 },
			{ kind: 'signal', pid: 38, t: 1795164756.655516, signal: 'SIGCHLD' },
			{ kind: 'signal', pid: 38, t: 1795164756.673033, signal: 'SIGINT' },
			{ kind: 'exit', pid: 38, t: 1795164756.674216, status: 'SIGINT' },
		]);
	});

	test('a call that was interrupted by the lines of others is put together', () => {
		const accept = readAll(REAL).pushed.find((record) => record.kind === 'call' && record.name === 'accept4');
		expect(accept).toEqual({
			kind: 'call',
			pid: 40,
			t: 1795164756.362848,
			name: 'accept4',
			args:
				'3<TCP:[0.0.0.0:8090]>, {sa_family=AF_INET, sin_port=htons(35694), sin_addr=inet_addr("127.0.0.1")}, [128 ' +
				'=> 16], SOCK_NONBLOCK',
			fd: 3,
			returned: 4,
			resultText: 'TCP:[127.0.0.1:8090->127.0.0.1:35694]',
			took: 0.307081,
			blocked: false,
		});
	});

	test.each([
		[
			'write(3, "x", 1) = -1 EPIPE (Broken pipe) <0.000012>',
			{ returned: -1, errno: 'EPIPE', resultText: 'Broken pipe', took: 0.000012 },
		],
		['read(3, 0x7, 1) = -1 (errno 530) <0.000012>', { returned: -1, errno: 'errno 530', took: 0.000012 }],
		[
			'poll([{fd=3, events=POLLIN}], 1, 10) = 0 (Timeout) <0.010100>',
			{ returned: 0, resultText: 'Timeout', took: 0.0101 },
		],
		['select(4, [3], NULL, NULL, NULL) = 1 (in [3]) <1.000000>', { returned: 1, resultText: 'in [3]', took: 1 }],
		['brk(NULL)       = 0x56105c771000 <0.000008>', { returned: 0x56105c771000, took: 0.000008 }],
		['umask(027)      = 022 <0.000008>', { returned: 18, took: 0.000008 }],
		[
			'socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3<TCP:[12035]> <0.000018>',
			{ returned: 3, resultText: 'TCP:[12035]', took: 0.000018 },
		],
		[
			'recvfrom(3, 0x7, 1, 0, NULL, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set) <0.2>',
			{ resultText: 'ERESTARTSYS (To be restarted if SA_RESTART is set)', took: 0.2 },
		],
		['exit_group(1)   = ?', {}],
		['pause()         = 0', { returned: 0 }],
	])('%s', (line, expected) => {
		const { kind, pid, t, name, args, fd, blocked, ...result } = readCall(line);
		expect(result).toEqual(expected);
		expect({ kind, pid, t, blocked }).toEqual({ kind: 'call', pid: 7, t: 1.5, blocked: false });
		expect(line).toContain(`${name}(${args})`);
		expect(fd).toBeUndefined();
	});

	test.each([
		'3<TCP:[1.2.3.4:5->6.7.8.9:10]>, ") = 1 <0.1>", 12',
		'3<UNIX-STREAM:[36->37,"/run/a)\\"b"]>, "\\\\", 1',
		'5<TCPv6:[[::1]:80->[::1]:90]>, 0x7 /* 7 vars ) */',
		'{version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_CHOWN|1<<CAP_NET_RAW, permitted=0}',
		'AT_FDCWD</tmp>, "a"..., 0',
		'4<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 6</dev/null<char 1:3>>, {events=EPOLLIN, data={u32=1, u64=1}}',
		'7</tmp/x>(deleted), [WNOHANG]',
		'-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL',
	])('arguments %s end where they end', (args) => {
		expect(readCall(`name(${args}) = 0 <0.000001>`)).toMatchObject({ args, returned: 0 });
	});

	test('any string inside them is kept, however it looks', () => {
		const escaped = (text: string) => text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n');
		fc.assert(
			fc.property(fc.string({ unit: fc.constantFrom(...'ab"\\()[]{}<>=-?,. /*0\n') }), fc.nat(), (text, returned) => {
				const args = `3<TCP:[1]>, "${escaped(text)}", 8`;
				expect(readCall(`write(${args}) = ${returned} <0.000001>`)).toMatchObject({ args, returned, fd: 3 });
			}),
		);
	});
});

describe('a call that blocks', () => {
	const HEAD = '47    1795164282.378685 ';

	test('is handed out once, and once more when it has returned', () => {
		const reader = new StraceReader();
		const blocked = {
			kind: 'call',
			pid: 47,
			t: 1795164282.378685,
			name: 'accept4',
			args: '3<TCP:[0.0.0.0:8081]>, ',
			fd: 3,
			blocked: true,
		};
		expect(reader.push(`${HEAD}accept4(3<TCP:[0.0.0.0:8081]>, `)).toEqual([blocked]);
		expect(reader.push('')).toEqual([]);
		expect(reader.push('{sa_family=AF_INET}, ')).toEqual([]);
		expect(reader.push('[16], 0) = 4<TCP:[a->b]> <1.5>\n')).toEqual([
			{
				...blocked,
				args: '3<TCP:[0.0.0.0:8081]>, {sa_family=AF_INET}, [16], 0',
				returned: 4,
				resultText: 'TCP:[a->b]',
				took: 1.5,
				blocked: false,
			},
		]);
	});

	test('is not handed out again when another process is printed in between', () => {
		const reader = new StraceReader();
		expect(reader.push(`${HEAD}pause(`)).toHaveLength(1);
		expect(reader.push(' <unfinished ...>\n48    1795164282.4 getpid() = 48 <0.000001>\n')).toMatchObject([
			{ name: 'getpid' },
		]);
		expect(
			reader.push('47    1795164283.4 <... pause resumed>) = ? ERESTARTNOHAND (To be restarted if no handler) <1.0>\n'),
		).toMatchObject([{ pid: 47, t: 1795164282.378685, name: 'pause', args: '', blocked: false }]);
	});

	describe('that a stop interrupts, as strace 6.1 wrote it for a poll of 1.5 s', () => {
		const POLL = '5<TCP:[127.0.0.1:8080->127.0.0.1:41302]>, events=POLLIN';
		const STOP = [
			`7     10.000000 poll([{fd=${POLL}}], 1, 1500) = ? ERESTART_RESTARTBLOCK (Interrupted by signal) <0.665247>`,
			'7     10.665300 --- SIGSTOP {si_signo=SIGSTOP, si_code=SI_USER, si_pid=1, si_uid=0} ---',
			'7     10.665400 --- stopped by SIGSTOP ---',
			'7     10.870000 --- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=1, si_uid=0} ---',
			'',
		].join('\n');
		const poll = { kind: 'call', pid: 7, t: 10, name: 'poll', args: `[{fd=${POLL}}], 1, 1500` };
		const callsIn = (records: readonly StraceRecord[]) => records.filter(({ kind }) => kind === 'call');

		test('blocks on: the kernel goes on with restart_syscall(2)', () => {
			const reader = new StraceReader();
			expect(callsIn(reader.push(STOP))).toEqual([{ ...poll, blocked: true }]);
			const end = '7     10.870100 restart_syscall(<... resuming interrupted poll ...>) = 0 <0.630000>\n';
			expect(callsIn(reader.push(end))).toEqual([{ ...poll, returned: 0, took: 1.5001, blocked: false }]);
			expect(reader.unread).toEqual([]);
		});

		test('and that strace leaves for another thread meanwhile, is one call, too', () => {
			const reader = new StraceReader();
			const middle =
				'7     10.870100 restart_syscall(<... resuming interrupted poll ...> <unfinished ...>\n8     10.9 getpid() ' +
				'= 7\n';
			expect(callsIn(reader.push(STOP + middle))).toContainEqual({ ...poll, blocked: true });
			const end = '7     11.500100 <... restart_syscall resumed>) = 1 <0.630000>\n';
			expect(callsIn(reader.push(end))).toEqual([{ ...poll, returned: 1, took: 1.5001, blocked: false }]);
		});

		test('has failed with EINTR if a handler ran: then the thread’s next call is another', () => {
			const reader = new StraceReader();
			reader.push(STOP.replaceAll('SIGCONT', 'SIGUSR1'));
			expect(
				callsIn(reader.push('7     10.9 close(5<TCP:[127.0.0.1:8080->127.0.0.1:41302]>) = 0 <0.000010>\n')),
			).toMatchObject([
				{ ...poll, returned: -1, errno: 'EINTR', took: 0.665247, blocked: false },
				{ name: 'close', returned: 0 },
			]);
		});
	});

	test('inside interrupted output is handed out at the end of the push', () => {
		const reader = new StraceReader();
		expect(reader.push(`${HEAD}read(0<pipe:[1]>,  <unfinished ...>\n48    1.5 getpid() = 48\n`)).toMatchObject([
			{ name: 'getpid', blocked: false },
			{ name: 'read', args: '0<pipe:[1]>, ', fd: 0, blocked: true },
		]);
	});

	test.each(['clo', 'close(3', 'read(3<TCP:[127.0.', 'connect(3<TCP:[1]>, {sa_family='])(
		'is not handed out as long as it is unclear: %s',
		(start) => {
			expect(new StraceReader().push(HEAD + start)).toEqual([]);
		},
	);

	// A process that is killed inside a call: as strace prints it with others beside it, and where nothing came between.
	test.each([
		['read(3<TCP:[1]>,  <unfinished ...>\n', '3<TCP:[1]>, '],
		['read(3<TCP:[1]>,  <unfinished ...>) = ?\n', '3<TCP:[1]>, '],
		['read(3<TCP:[1]>, 0x7ffd, 10) = ?\n', '3<TCP:[1]>, 0x7ffd, 10'],
		['read(3<TCP:[1]>, 0x7ffd, 10) = ? <unavailable>\n', '3<TCP:[1]>, 0x7ffd, 10'],
	])('whose process is killed ends with it: %j', (line, args) => {
		const { pushed, records } = readAll(`${HEAD}${line}47 1795164283.5 +++ killed by SIGKILL +++\n`);
		const call = { kind: 'call', pid: 47, t: 1795164282.378685, name: 'read', fd: 3, took: 1.121315, blocked: false };
		expect(records).toEqual([]);
		expect(completed(pushed)).toEqual([
			{ ...call, args, resultText: 'never returned: killed by SIGKILL' },
			{ kind: 'exit', pid: 47, t: 1795164283.5, status: 'SIGKILL' },
		]);
	});

	test('and is taken away by the end of its process group ends with it', () => {
		const { pushed } = readAll(
			'61 1.5 epoll_pwait(10<anon_inode:[eventpoll]>,  <unfinished ...>\n61 2.5 <... epoll_pwait resumed> ' +
				'<unfinished ...>) = ?\n',
		);
		const result = { resultText: 'never returned: its thread ended', took: 1 };
		expect(pushed).toEqual([
			{
				kind: 'call',
				pid: 61,
				t: 1.5,
				name: 'epoll_pwait',
				args: '10<anon_inode:[eventpoll]>, ',
				fd: 10,
				...result,
				blocked: false,
			},
		]);
	});

	test('goes on under another pid where a thread becomes the process', () => {
		const { pushed, unread } = readAll(
			'10 1.0 futex(0x7, FUTEX_WAIT, 0, NULL <unfinished ...>\n12 1.5 execve("/bin/true", [], 0x7 /* 7 vars */ ' +
				'<unfinished ...>\n10 2.0 +++ superseded by execve in pid 12 +++\n10 2.0 <... execve resumed>) = 0 <0.5>\n',
		);
		expect(unread).toEqual([]);
		expect(pushed).toMatchObject([
			{ pid: 10, name: 'futex', blocked: false },
			{ pid: 12, t: 1.5, name: 'execve', returned: 0 },
		]);
	});
});

describe('the process of a thread', () => {
	const THREAD = 'clone3({flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD, exit_signal=0}, 88';
	const FORK = 'clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD';
	/** Of each call but those that make threads: its name, process and thread. */
	const placesIn = (text: string) =>
		completed(readAll(text).pushed).flatMap((record) =>
			record.kind === 'call' && !/^(clone3?|v?fork)$/.test(record.name)
				? [[record.name, record.pid, record.tid ?? record.pid]]
				: [],
		);

	test('is that of its maker, also where it calls before the call that made it has returned', () => {
		expect(
			placesIn(`10 1.0 ${THREAD} <unfinished ...>\n11 1.1 getpid() = 10\n10 1.2 <... clone3 resumed>) = 11 <0.2>\n`),
		).toEqual([['getpid', 10, 11]]);
		expect(placesIn(`10 1.0 ${THREAD}) = 11 <0.1>\n11 1.1 ${THREAD}) = 12 <0.1>\n12 1.3 getpid() = 10\n`)).toEqual([
			['getpid', 10, 12],
		]);
	});

	test('is its own where it was forked', () => {
		expect(
			placesIn(`10 1.0 ${FORK} <unfinished ...>\n11 1.1 getpid() = 11\n10 1.2 <... clone resumed>) = 11 <0.2>\n`),
		).toEqual([['getpid', 11, 11]]);
		expect(
			placesIn(
				'10 1.0 vfork( <unfinished ...>\n11 1.1 getpid() = 11\n11 1.2 +++ exited with 0 +++\n10 1.3 <... vfork ' +
					'resumed>) = 11 <0.3>\n',
			),
		).toEqual([['getpid', 11, 11]]);
	});

	test('waits until it is known, where one thread makes a thread and another a process at one time', () => {
		const both = `10 1.0 ${THREAD}) = 11 <0.1>\n10 1.1 ${THREAD} <unfinished ...>\n11 1.1 ${FORK} <unfinished ...>\n`;
		const first = '12 1.2 getpid() = 10\n';
		expect(placesIn(both + first)).toEqual([]);
		expect(placesIn(`${both}${first}10 1.3 <... clone3 resumed>) = 12 <0.2>\n`)).toEqual([['getpid', 10, 12]]);
		expect(placesIn(`${both}${first}11 1.3 <... clone resumed>) = 12 <0.2>\n`)).toEqual([['getpid', 12, 12]]);
	});

	test('is another when its number comes again', () => {
		const once = `10 1.0 ${THREAD}) = 11 <0.1>\n11 1.1 getpid() = 10\n11 1.2 +++ exited with 0 +++\n`;
		expect(placesIn(`${once}10 1.3 ${FORK}) = 11 <0.1>\n11 1.4 getpid() = 11\n`)).toEqual([
			['getpid', 10, 11],
			['getpid', 11, 11],
		]);
	});
});

describe('what is not of calls', () => {
	test("strace's own remarks and stops are kept apart", () => {
		const { pushed, remarks, unread } = readAll(
			'strace: Process 12 attached\n12 1.5 --- stopped by SIGSTOP ---\n12 1.5 [ Process PID=12 runs in 32 bit ' +
				'mode. ]\n',
		);
		expect(pushed).toEqual([]);
		expect(unread).toEqual([]);
		expect(remarks).toHaveLength(3);
	});

	test.each([
		'hello',
		'12 1.5',
		'12 1.5 <... read resumed>"", 1) = 0 <0.1>',
		'12 1.5 read(3, "abc) = 0 <0.1>',
		'12 1.5 read(3',
		'12 1.5 +++ gone +++',
		'12 1.5 read(3) =',
	])('%j is unread', (line) => {
		const { pushed, unread } = readAll(`${line}\n12 2.5 getpid() = 12 <0.000001>\n`);
		expect(unread).toEqual([line]);
		expect(pushed).toMatchObject([{ name: 'getpid', returned: 12 }]);
	});

	test('a last line without newline is read where it is complete, and is unread where it is cut', () => {
		expect(readAll('12 1.5 +++ exited with 3 +++').records).toEqual([{ kind: 'exit', pid: 12, t: 1.5, status: 3 }]);
		expect(readAll('12 1.5 close(3').unread).toEqual(['12 1.5 close(3']);
		expect(readAll('12 1.5 read(0<pipe:[1]>, ')).toMatchObject({
			pushed: [{ blocked: true }],
			records: [],
			unread: [],
		});
	});
});

describe('whatever arrives, and however it is cut', () => {
	const anyCuts = fc
		.array(fc.nat(REAL.length), { maxLength: 30 })
		.map((cuts) => [0, ...cuts.sort((a, b) => a - b), REAL.length]);

	test('the completed records are the same, and a blocked call is told at most once and completed later', () => {
		const whole = readAll(REAL).pushed;
		fc.assert(
			fc.property(anyCuts, (cuts) => {
				const reader = new StraceReader();
				const records = cuts.slice(1).flatMap((end, index) => reader.push(REAL.slice(cuts[index], end)));
				expect(completed(records)).toEqual(whole);
				expect(reader.end()).toEqual({ records: [], unread: [], remarks: [] });
				const blocked = records.filter((record) => record.kind === 'call' && record.blocked);
				const keys = blocked.map(({ pid, t }) => `${pid} ${t}`);
				expect(new Set(keys).size).toBe(keys.length);
				for (const call of blocked) {
					const later = records.slice(records.indexOf(call) + 1);
					expect(later).toContainEqual(
						expect.objectContaining({ kind: 'call', pid: call.pid, t: call.t, blocked: false }),
					);
				}
			}),
		);
	});

	test('foreign lines take nothing from the lines around them, and none is lost', () => {
		const whole = readAll(REAL).pushed;
		const lines = REAL.trimEnd().split('\n');
		const anyForeign = fc.string({ unit: 'binary' }).map((text) => `! ${text.replaceAll('\n', '')}`);
		fc.assert(
			fc.property(fc.array(fc.tuple(fc.nat(lines.length), anyForeign), { maxLength: 8 }), (insertions) => {
				const at = (index: number) => insertions.filter(([position]) => position === index).map(([, text]) => text);
				const mixed = [...lines.flatMap((line, index) => [...at(index), line]), ...at(lines.length)];
				const { pushed, unread } = readAll(`${mixed.join('\n')}\n`);
				expect(completed(pushed)).toEqual(whole);
				expect(unread).toEqual(mixed.filter((line) => line.startsWith('!')));
			}),
		);
	});

	test('it never throws, also not on text that nearly is strace', () => {
		const piece = fc.constantFrom(
			'12 ',
			'1.5 ',
			'read(',
			'3<',
			'>',
			') = ',
			'-1 E',
			'<unfinished ...>',
			'<... read resumed>',
			'+++ ',
			'--- SIG',
			'"',
			'\\',
			'\n',
			'?',
			'/*',
			'{',
			']',
		);
		fc.assert(
			fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary' })), { maxLength: 40 }), (pieces) => {
				const reader = new StraceReader();
				for (const text of pieces) reader.push(text);
				reader.end();
			}),
			{ numRuns: 500 },
		);
	});
});
