import { describe, expect, test } from '@jest/globals';
import { completed, readTrace } from './fixtures/read-trace.ts';
import { StraceReader } from './strace.ts';
import type { StraceRecord } from './types.ts';

describe('a call that blocks', () => {
	const HEAD = '47    1795164282.378685 ';

	test('is returned once, and again when it has returned', () => {
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

	test('is not returned again when another process is printed in between', () => {
		const reader = new StraceReader();
		expect(reader.push(`${HEAD}pause(`)).toHaveLength(1);
		expect(reader.push(' <unfinished ...>\n48    1795164282.4 getpid() = 48 <0.000001>\n')).toMatchObject([
			{ name: 'getpid' },
		]);
		expect(
			reader.push('47    1795164283.4 <... pause resumed>) = ? ERESTARTNOHAND (To be restarted if no handler) <1.0>\n'),
		).toMatchObject([{ pid: 47, t: 1795164282.378685, name: 'pause', args: '', blocked: false }]);
	});

	describe('that a stop interrupts (printed by strace 6.1 for a poll of 1.5 s)', () => {
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

		test('still blocks: restart_syscall(2) continues it', () => {
			const reader = new StraceReader();
			expect(callsIn(reader.push(STOP))).toEqual([{ ...poll, blocked: true }]);
			const end = '7     10.870100 restart_syscall(<... resuming interrupted poll ...>) = 0 <0.630000>\n';
			expect(callsIn(reader.push(end))).toEqual([{ ...poll, returned: 0, took: 1.5001, blocked: false }]);
			expect(reader.unread).toEqual([]);
		});

		test('is one call also if strace prints another thread in between', () => {
			const reader = new StraceReader();
			const middle =
				'7     10.870100 restart_syscall(<... resuming interrupted poll ...> <unfinished ...>\n8     10.9 getpid() ' +
				'= 7\n';
			expect(callsIn(reader.push(STOP + middle))).toContainEqual({ ...poll, blocked: true });
			const end = '7     11.500100 <... restart_syscall resumed>) = 1 <0.630000>\n';
			expect(callsIn(reader.push(end))).toEqual([{ ...poll, returned: 1, took: 1.5001, blocked: false }]);
		});

		test('has failed with EINTR if a signal handler ran: the thread’s next call is another one', () => {
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

	test('in an unfinished line is returned at the end of the push', () => {
		const reader = new StraceReader();
		expect(reader.push(`${HEAD}read(0<pipe:[1]>,  <unfinished ...>\n48    1.5 getpid() = 48\n`)).toMatchObject([
			{ name: 'getpid', blocked: false },
			{ name: 'read', args: '0<pipe:[1]>, ', fd: 0, blocked: true },
		]);
	});

	test.each(['clo', 'close(3', 'read(3<TCP:[127.0.', 'connect(3<TCP:[1]>, {sa_family='])(
		'is not returned while it is incomplete: %s',
		(start) => {
			expect(new StraceReader().push(HEAD + start)).toEqual([]);
		},
	);

	// A process is killed during a call: with lines of other processes in between, and without.
	test.each([
		['read(3<TCP:[1]>,  <unfinished ...>\n', '3<TCP:[1]>, '],
		['read(3<TCP:[1]>,  <unfinished ...>) = ?\n', '3<TCP:[1]>, '],
		['read(3<TCP:[1]>, 0x7ffd, 10) = ?\n', '3<TCP:[1]>, 0x7ffd, 10'],
		['read(3<TCP:[1]>, 0x7ffd, 10) = ? <unavailable>\n', '3<TCP:[1]>, 0x7ffd, 10'],
	])('ends when its process is killed: %j', (line, args) => {
		const { pushed, records } = readTrace(`${HEAD}${line}47 1795164283.5 +++ killed by SIGKILL +++\n`);
		const call = { kind: 'call', pid: 47, t: 1795164282.378685, name: 'read', fd: 3, took: 1.121315, blocked: false };
		expect(records).toEqual([]);
		expect(completed(pushed)).toEqual([
			{ ...call, args, resultText: 'never returned: killed by SIGKILL' },
			{ kind: 'exit', pid: 47, t: 1795164283.5, status: 'SIGKILL' },
		]);
	});

	test('ends when exit_group ends its thread', () => {
		const { pushed } = readTrace(
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

	test('continues under another pid when a thread calls execve', () => {
		const { pushed, unread } = readTrace(
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
