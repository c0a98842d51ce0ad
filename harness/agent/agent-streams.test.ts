/** The log and the terminal of a process. */
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { execa } from 'execa';
import { needing } from '../util/fixtures/needing.ts';
import { builtAgent, collector, processState, until } from './fixture.ts';
import { startLocalAgent } from './local.ts';

jest.setTimeout(120_000);

const withStrace = needing({
	what: 'strace, and permission to trace',
	isAvailable: (await execa('strace', ['true'], { reject: false })).exitCode === 0,
	remedy: 'HALFOPEN_ENGINE=netns npm run setup',
});
const agent = await startLocalAgent(await builtAgent(), 'a test');

afterAll(() => agent.close());

withStrace.describe('a log', () => {
	test('reports a call while it blocks, and ends with the tracer', async () => {
		const log = collector();
		const out = collector();
		const peer = await agent.spawn(['strace', '-D', '-f', '-yy', '-ttt', '-T', '-s', '64', '-o', '@log', 'cat'], {
			log: log.add,
			out: out.add,
		});
		await until(() => /read\(0<.*>, $/.test(log.text()));
		expect(await processState(peer.pid)).toMatch(/[St]/);
		await peer.write('hello\n');
		await until(() => out.text() === 'hello\n' && /write\(1<.*>, "hello\\n", 6\) += 6/.test(log.text()));
		await peer.signal('SIGINT');
		expect(await peer.exited).toMatchObject({ signal: 'SIGINT' });
		await peer.drained;
		expect(log.text()).toContain('+++ killed by SIGINT +++');
	});

	test('ends with its last writer, while the process runs', async () => {
		const log = collector();
		let hasEnded = () => {};
		const ended = new Promise<void>((resolve) => {
			hasEnded = resolve;
		});
		const process = await agent.spawn(['sh', '-c', 'echo said >"$0"; read -r _', '@log'], {
			log: log.add,
			logEnd: hasEnded,
		});
		await ended;
		expect(log.text()).toBe('said\n');
		expect(process.ended).toBeUndefined();
		await process.end();
		await process.exited;
	});

	test('is not a descriptor of the process', async () => {
		const log = collector();
		const out = collector();
		const process = await agent.spawn(['sh', '-c', 'ls /proc/self/fd; echo said >"$0"', '@log'], {
			log: log.add,
			out: out.add,
		});
		await process.drained;
		expect(out.text()).toBe('0\n1\n2\n3\n');
		expect(log.text()).toBe('said\n');
	});
});

describe('a terminal', () => {
	/** awk prints one line for each input line. If its output is a pipe, the C library buffers it. */
	const AWK = ['awk', '{ print "got " $0 }'];

	test('gets each line at once, from programs that would buffer it in a pipe', async () => {
		const out = collector();
		const process = await agent.spawn(AWK, { out: out.add }, { tty: true });
		await process.write('one\n');
		// In a pipe the line would stay in the buffer until the end of the input.
		await until(() => out.text() === 'got one\n');
		await process.write('two\n');
		await until(() => out.text() === 'got one\ngot two\n');
		await process.end();
		expect(await process.exited).toMatchObject({ status: 0 });
		await process.drained;
		// The input is not echoed.
		expect(out.text()).toBe('got one\ngot two\n');
	});

	test('is one stream, with all output before the end of the process is reported', async () => {
		const out = collector();
		const written = 'x'.repeat(999);
		const script = `for i in $(seq 60); do echo ${written}; done; echo last >&2`;
		const process = await agent.spawn(['sh', '-c', script], { out: out.add }, { tty: true });
		await process.exited;
		expect(out.text()).toBe(`${`${written}\n`.repeat(60)}last\n`);
		await process.drained;
	});

	test('controls the session: ^C signals the foreground, ^D ends the input, also within a line', async () => {
		const out = collector();
		const interrupted = await agent.spawn(
			['sh', '-c', 'tty >/dev/null && echo ready; cat; echo not reached'],
			{ out: out.add },
			{ tty: true },
		);
		// When cat has copied a line, it runs. dash loses a SIGINT that arrives while it starts a program.
		await interrupted.write('line\n');
		await until(() => out.text() === 'ready\nline\n');
		await interrupted.write('\x03');
		expect(await interrupted.exited).toMatchObject({ signal: 'SIGINT' });

		const echoed = collector();
		const cat = await agent.spawn(['cat'], { out: echoed.add }, { tty: true });
		await cat.write('no newline');
		await cat.end();
		expect(await cat.exited).toMatchObject({ status: 0 });
		expect(echoed.text()).toBe('no newline');
	});

	test('does not hang up when a program closes its streams before it exits', async () => {
		const process = await agent.spawn(['sh', '-c', 'exec <&- >&- 2>&-; sleep 0.3; exit 3'], {}, { tty: true });
		expect(await process.exited).toMatchObject({ status: 3 });
		await process.drained;
	});

	withStrace.test('belongs to a traced program, not to its tracer', async () => {
		const log = collector();
		const out = collector();
		const argv = ['strace', '-D', '-f', '-yy', '-ttt', '-T', '-e', 'trace=read,write', '-o', '@log', ...AWK];
		const process = await agent.spawn(argv, { out: out.add, log: log.add }, { tty: true });
		await process.write('one\n');
		await until(() => out.text() === 'got one\n');
		await process.write('\x03');
		expect(await process.exited).toMatchObject({ signal: 'SIGINT' });
		await process.drained;
		expect(log.text()).toMatch(/write\(1<\/dev\/pts\/\d+<char 136:\d+>>, "got one\\n", 8\)/);
		expect(log.text()).toContain('+++ killed by SIGINT +++');
	});
});
