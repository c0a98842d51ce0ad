import { describe, expect, test } from '@jest/globals';
import { completed, readTrace } from './fixtures/read-trace.ts';

describe('the process of a thread', () => {
	const THREAD = 'clone3({flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD, exit_signal=0}, 88';
	const FORK = 'clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD';
	/** Returns name, process and thread of each call, except those that create threads. */
	const ownersIn = (text: string) =>
		completed(readTrace(text).pushed).flatMap((record) =>
			record.kind === 'call' && !/^(clone3?|v?fork)$/.test(record.name)
				? [[record.name, record.pid, record.tid ?? record.pid]]
				: [],
		);

	test('is that of its creator, also if it makes calls before the creating call has returned', () => {
		expect(
			ownersIn(`10 1.0 ${THREAD} <unfinished ...>\n11 1.1 getpid() = 10\n10 1.2 <... clone3 resumed>) = 11 <0.2>\n`),
		).toEqual([['getpid', 10, 11]]);
		expect(ownersIn(`10 1.0 ${THREAD}) = 11 <0.1>\n11 1.1 ${THREAD}) = 12 <0.1>\n12 1.3 getpid() = 10\n`)).toEqual([
			['getpid', 10, 12],
		]);
	});

	test('is its own if it was forked', () => {
		expect(
			ownersIn(`10 1.0 ${FORK} <unfinished ...>\n11 1.1 getpid() = 11\n10 1.2 <... clone resumed>) = 11 <0.2>\n`),
		).toEqual([['getpid', 11, 11]]);
		expect(
			ownersIn(
				'10 1.0 vfork( <unfinished ...>\n11 1.1 getpid() = 11\n11 1.2 +++ exited with 0 +++\n10 1.3 <... vfork ' +
					'resumed>) = 11 <0.3>\n',
			),
		).toEqual([['getpid', 11, 11]]);
	});

	test('is unknown while one thread creates a thread and another one a process', () => {
		const both = `10 1.0 ${THREAD}) = 11 <0.1>\n10 1.1 ${THREAD} <unfinished ...>\n11 1.1 ${FORK} <unfinished ...>\n`;
		const first = '12 1.2 getpid() = 10\n';
		expect(ownersIn(both + first)).toEqual([]);
		expect(ownersIn(`${both}${first}10 1.3 <... clone3 resumed>) = 12 <0.2>\n`)).toEqual([['getpid', 10, 12]]);
		expect(ownersIn(`${both}${first}11 1.3 <... clone resumed>) = 12 <0.2>\n`)).toEqual([['getpid', 12, 12]]);
	});

	test('is another one if the number is used again', () => {
		const once = `10 1.0 ${THREAD}) = 11 <0.1>\n11 1.1 getpid() = 10\n11 1.2 +++ exited with 0 +++\n`;
		expect(ownersIn(`${once}10 1.3 ${FORK}) = 11 <0.1>\n11 1.4 getpid() = 11\n`)).toEqual([
			['getpid', 10, 11],
			['getpid', 11, 11],
		]);
	});
});
