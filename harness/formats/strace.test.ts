import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { completed, readTrace } from './fixtures/read-trace.ts';
import { StraceReader } from './strace.ts';
import type { StraceCall } from './types.ts';

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

/** Parses the call of one line, given without pid and time. */
function readCall(body: string): StraceCall {
	const { pushed, unread } = readTrace(`7 1.5 ${body}\n`);
	expect(unread).toEqual([]);
	expect(pushed).toHaveLength(1);
	return pushed[0] as StraceCall;
}

describe('calls', () => {
	test('are parsed as strace prints them', () => {
		const { pushed, unread, records } = readTrace(REAL);
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

	test('a call in several lines is joined', () => {
		const accept = readTrace(REAL).pushed.find((record) => record.kind === 'call' && record.name === 'accept4');
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
	])('the end of the arguments %s is found', (args) => {
		expect(readCall(`name(${args}) = 0 <0.000001>`)).toMatchObject({ args, returned: 0 });
	});

	test('any string in the arguments is kept', () => {
		const escaped = (text: string) => text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n');
		fc.assert(
			fc.property(fc.string({ unit: fc.constantFrom(...'ab"\\()[]{}<>=-?,. /*0\n') }), fc.nat(), (text, returned) => {
				const args = `3<TCP:[1]>, "${escaped(text)}", 8`;
				expect(readCall(`write(${args}) = ${returned} <0.000001>`)).toMatchObject({ args, returned, fd: 3 });
			}),
		);
	});
});

describe('other lines', () => {
	test('strace’s own remarks and stops are kept separately', () => {
		const { pushed, remarks, unread } = readTrace(
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
		const { pushed, unread } = readTrace(`${line}\n12 2.5 getpid() = 12 <0.000001>\n`);
		expect(unread).toEqual([line]);
		expect(pushed).toMatchObject([{ name: 'getpid', returned: 12 }]);
	});

	test('a last line without newline is parsed if it is complete, and unread if it is truncated', () => {
		expect(readTrace('12 1.5 +++ exited with 3 +++').records).toEqual([{ kind: 'exit', pid: 12, t: 1.5, status: 3 }]);
		expect(readTrace('12 1.5 close(3').unread).toEqual(['12 1.5 close(3']);
		expect(readTrace('12 1.5 read(0<pipe:[1]>, ')).toMatchObject({
			pushed: [{ blocked: true }],
			records: [],
			unread: [],
		});
	});
});

describe('arbitrary input in arbitrary chunks', () => {
	const anyCuts = fc
		.array(fc.nat(REAL.length), { maxLength: 30 })
		.map((cuts) => [0, ...cuts.sort((a, b) => a - b), REAL.length]);

	test('the completed records are the same; a blocked call is returned at most once, and completed later', () => {
		const whole = readTrace(REAL).pushed;
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

	test('foreign lines do not affect the lines around them, and none is lost', () => {
		const whole = readTrace(REAL).pushed;
		const lines = REAL.trimEnd().split('\n');
		const anyForeign = fc.string({ unit: 'binary' }).map((text) => `! ${text.replaceAll('\n', '')}`);
		fc.assert(
			fc.property(fc.array(fc.tuple(fc.nat(lines.length), anyForeign), { maxLength: 8 }), (insertions) => {
				const at = (index: number) => insertions.filter(([position]) => position === index).map(([, text]) => text);
				const mixed = [...lines.flatMap((line, index) => [...at(index), line]), ...at(lines.length)];
				const { pushed, unread } = readTrace(`${mixed.join('\n')}\n`);
				expect(completed(pushed)).toEqual(whole);
				expect(unread).toEqual(mixed.filter((line) => line.startsWith('!')));
			}),
		);
	});

	test('never throws, even for text that is similar to strace’s', () => {
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
