import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { execa } from 'execa';
import { needing } from '../util/fixtures/needing.ts';
import { Agent } from './agent.ts';
import { builtAgent, processesWith, processState, until } from './fixture.ts';
import { channelTo, startLocalAgent } from './local.ts';

jest.setTimeout(120_000);

const withStrace = needing({
	what: 'strace, and leave to trace',
	isAvailable: (await execa('strace', ['true'], { reject: false })).exitCode === 0,
	remedy: 'HALFOPEN_ENGINE=netns npm run setup',
});
let path: string;
let agent: Agent;

beforeAll(async () => {
	path = await builtAgent();
	agent = await startLocalAgent(path, 'a test');
});

afterAll(async () => {
	await agent.close();
});

function collector() {
	const bytes: Buffer[] = [];
	return { take: (piece: Buffer) => void bytes.push(piece), text: () => Buffer.concat(bytes).toString() };
}

describe('the agent', () => {
	test('says who it is and what time it is', async () => {
		expect(agent.kernelRelease).toMatch(/^\d+\.\d+/);
		expect(await processState(agent.pid)).toBeDefined();
		const before = Date.now() / 1_000;
		const now = await agent.now();
		expect(now).toBeGreaterThan(before - 0.01);
		expect(now).toBeLessThan(Date.now() / 1_000 + 0.01);
	});

	test('sleeps no shorter than asked, and many times at once', async () => {
		const start = await agent.now();
		const ends = await Promise.all(
			[60, 20, 40].map(async (ms) => {
				await agent.sleep(ms);
				return { ms, took: (await agent.now()) - start };
			}),
		);
		for (const { ms, took } of ends) expect(took).toBeGreaterThanOrEqual(ms / 1_000);
	});

	test('gives a sleep up when it is aborted', async () => {
		const abort = new AbortController();
		const slept = agent.sleep(60_000, abort.signal);
		abort.abort(new Error('enough'));
		await expect(slept).rejects.toThrow('enough');
		await expect(agent.sleep(1, abort.signal)).rejects.toThrow('enough');
	});

	test('holds no descriptor for what has ended', async () => {
		const open = () => readdirSync(`/proc/${agent.pid}/fd`).length;
		await agent.run(['true']);
		const before = open();
		await Promise.all(Array.from({ length: 20 }, () => agent.run(['true'])));
		await Promise.allSettled(Array.from({ length: 20 }, () => agent.run(['no-such-program'])));
		await Promise.all(Array.from({ length: 5 }, async () => (await agent.spawnControlled()).exit()));
		await agent.now();
		expect(open()).toBe(before);
	});
});

describe('a program', () => {
	test('is run to its end', async () => {
		expect(await agent.run(['sh', '-c', 'echo out; echo err >&2; exit 3'])).toEqual({
			status: 3,
			out: 'out\n',
			err: 'err\n',
			t: expect.any(Number),
		});
		expect(await agent.run(['cat'], { input: 'a b\n\0%é' })).toMatchObject({ status: 0, out: 'a b\n\0%é' });
		expect(await agent.run(['sh', '-c', 'kill -TERM $$'])).toMatchObject({ status: 'SIGTERM' });
		expect(await agent.run(['printf', '%s|', '', 'a b', '%', '@log'])).toMatchObject({ out: '|a b|%|@log|' });
	});

	test('may leave its input unread', async () => {
		expect(await agent.run(['true'], { input: Buffer.alloc(1 << 20) })).toMatchObject({ status: 0 });
	});

	test('that is missing is named', async () => {
		await expect(agent.spawn(['no-such-program'])).rejects.toMatchObject({
			code: 'TOOL_MISSING',
			problem: expect.stringContaining('no-such-program'),
		});
		await expect(agent.spawn(['/etc/passwd'])).rejects.toMatchObject({ code: 'TOOL_MISSING' });
		await expect(agent.spawn(['a\0b'])).rejects.toMatchObject({ code: 'OPTION_INVALID' });
	});

	test('inherits three descriptors, no signal disposition, no mask, and leads a session', async () => {
		/* The fourth is the directory that ls reads. */
		expect(await agent.run(['ls', '/proc/self/fd'])).toMatchObject({ out: '0\n1\n2\n3\n' });
		const { out } = await agent.run(['cat', '/proc/self/status', '/proc/self/stat']);
		expect(out).toMatch(/SigIgn:\t0+\n/);
		expect(out).toMatch(/SigBlk:\t0+\n/);
		const [pid, group, session] = /^(\d+) \(.*\) \w \d+ (\d+) (\d+)/m.exec(out)?.slice(1) ?? [];
		expect(pid).toBeDefined();
		expect([group, session]).toEqual([pid, pid]);
	});

	test('reads what is written, in order, until its input ends', async () => {
		const out = collector();
		const cat = await agent.spawn(['cat'], { out: out.take });
		await cat.write('one ');
		const big = 'x'.repeat(700_000);
		await Promise.all([cat.write(big), cat.write(' two'), cat.end()]);
		await cat.end();
		expect(await cat.exited).toMatchObject({ status: 0 });
		expect(out.text()).toBe(`one ${big} two`);
		await cat.drained;
		await expect(cat.write('late')).rejects.toMatchObject({
			code: 'PEER_EXITED',
			problem: expect.stringContaining('exited with status 0'),
		});
		await cat.end();
	});

	test('gets signals, until it has ended', async () => {
		const out = collector();
		const shell = await agent.spawn(
			['sh', '-c', 'trap "echo caught; exit 4" USR1; echo ready; while :; do sleep 0.01; done'],
			{ out: out.take },
		);
		await until(() => out.text() === 'ready\n');
		await shell.signal('SIGUSR1');
		expect(await shell.exited).toMatchObject({ status: 4 });
		expect(out.text()).toBe('ready\ncaught\n');
		await expect(shell.signal('SIGTERM')).rejects.toMatchObject({ code: 'PEER_EXITED' });
		// @ts-expect-error: no such signal
		await expect(shell.signal('SIGNONE')).rejects.toMatchObject({ code: 'AGENT_REFUSED' });

		const sleeper = await agent.spawn(['sleep', '100']);
		await sleeper.signal('SIGINT');
		expect(await sleeper.exited).toEqual({ signal: 'SIGINT', t: expect.any(Number) });
	});

	test('has told all it wrote before its end is told', async () => {
		const ends = await Promise.all(
			Array.from({ length: 20 }, async (_, i) => {
				const out = collector();
				const process = await agent.spawn(['sh', '-c', `head -c 30000 /dev/zero; echo ${i}`], { out: out.take });
				await process.exited;
				return out.text().length - `${i}\n`.length;
			}),
		);
		expect(ends).toEqual(Array(20).fill(30_000));
	});

	test('that has ended leaves streams to its children', async () => {
		const out = collector();
		const process = await agent.spawn(['sh', '-c', '(sleep 0.2; echo later) & echo now'], { out: out.take });
		await process.exited;
		expect(out.text()).toBe('now\n');
		await process.drained;
		expect(out.text()).toBe('now\nlater\n');
	});

	test('may be one of 64 at once', async () => {
		const results = await Promise.all(
			Array.from({ length: 64 }, (_, i) => agent.run(['sh', '-c', 'read line; echo "$line"'], { input: `${i}\n` })),
		);
		expect(results.map(({ out }) => out)).toEqual(Array.from({ length: 64 }, (_, i) => `${i}\n`));
	});
});

test('10 MB come without loss to a harness that is slow', async () => {
	const slow = await startLocalAgent(path, 'a slow test');
	let received = 0;
	let sum = 0;
	const process = await slow.spawn(['sh', '-c', 'seq 1 1500000 | head -c 10000000'], {
		out: (bytes) => {
			received += bytes.length;
			for (const byte of bytes) sum = (sum * 31 + byte) % 1_000_003;
			/* Longer than the agent's backlog takes to fill. */
			const end = performance.now() + 1;
			while (performance.now() < end);
		},
	});
	await process.exited;
	expect(received).toBe(10_000_000);
	let expected = 0;
	let left = 10_000_000;
	for (let line = 1; left > 0; line++) {
		for (const byte of Buffer.from(`${line}\n`).subarray(0, left)) {
			expected = (expected * 31 + byte) % 1_000_003;
			left--;
		}
	}
	expect(sum).toBe(expected);
	await slow.close();
});

test('output waits in the process, not in the agent, while the harness does not read', async () => {
	const child = spawn(path);
	const channel = channelTo(child);
	const stuck = await Agent.connect(channel, 'a test that does not read');
	await stuck.spawn(['sh', '-c', 'yes']);
	channel.pause();
	const resident = async () =>
		Number(/(\d+)/.exec((await execa('grep', ['VmRSS', `/proc/${stuck.pid}/status`])).stdout)?.[1]);
	let before = 0;
	await until(async () => {
		const now = await resident();
		const grew = now > before;
		before = now;
		await new Promise((resolve) => setTimeout(resolve, 100));
		return !grew;
	});
	expect(before).toBeLessThan(24_000);
	channel.resume();
	await stuck.close();
});

withStrace.describe('a log', () => {
	test('tells of a call while it blocks, and ends when the observer has gone', async () => {
		const log = collector();
		const out = collector();
		const peer = await agent.spawn(['strace', '-D', '-f', '-yy', '-ttt', '-T', '-s', '64', '-o', '@log', 'cat'], {
			log: log.take,
			out: out.take,
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

	test('ends with its last writer, while the process lives', async () => {
		const log = collector();
		let hasEnded = () => {};
		const ended = new Promise<void>((resolve) => {
			hasEnded = resolve;
		});
		const process = await agent.spawn(['sh', '-c', 'echo said >"$0"; read -r _', '@log'], {
			log: log.take,
			logEnd: hasEnded,
		});
		await ended;
		expect(log.text()).toBe('said\n');
		expect(process.ended).toBeUndefined();
		await process.end();
		await process.exited;
	});

	test('is no descriptor of the process', async () => {
		const log = collector();
		const out = collector();
		const process = await agent.spawn(['sh', '-c', 'ls /proc/self/fd; echo said >"$0"', '@log'], {
			log: log.take,
			out: out.take,
		});
		await process.drained;
		expect(out.text()).toBe('0\n1\n2\n3\n');
		expect(log.text()).toBe('said\n');
	});
});

describe('a terminal', () => {
	/**
	 * A program whose C library keeps its output back as long as it goes into a pipe: awk prints a line for each that it
	 * reads.
	 */
	const AWK = ['awk', '{ print "got " $0 }'];

	test('is written to line by line, by programs that keep the output back which goes into a pipe', async () => {
		const out = collector();
		const process = await agent.spawn(AWK, { out: out.take }, { tty: true });
		await process.write('one\n');
		// Into a pipe it would come at the end of the input only, which does not come here.
		await until(() => out.text() === 'got one\n');
		await process.write('two\n');
		await until(() => out.text() === 'got one\ngot two\n');
		await process.end();
		expect(await process.exited).toMatchObject({ status: 0 });
		await process.drained;
		// What was typed does not come back.
		expect(out.text()).toBe('got one\ngot two\n');
	});

	test('is one stream, which has all that was written before the end is told', async () => {
		const out = collector();
		const written = 'x'.repeat(999);
		const script = `for i in $(seq 60); do echo ${written}; done; echo last >&2`;
		const process = await agent.spawn(['sh', '-c', script], { out: out.take }, { tty: true });
		await process.exited;
		expect(out.text()).toBe(`${`${written}\n`.repeat(60)}last\n`);
		await process.drained;
	});

	test('controls the session: ^C is a signal to all in the foreground, ^D the end of the input, also within a line', async () => {
		const out = collector();
		const interrupted = await agent.spawn(
			['sh', '-c', 'tty >/dev/null && echo ready; cat; echo not reached'],
			{ out: out.take },
			{ tty: true },
		);
		await until(() => out.text() === 'ready\n');
		await interrupted.write('\x03');
		expect(await interrupted.exited).toMatchObject({ signal: 'SIGINT' });

		const said = collector();
		const cat = await agent.spawn(['cat'], { out: said.take }, { tty: true });
		await cat.write('no newline');
		await cat.end();
		expect(await cat.exited).toMatchObject({ status: 0 });
		expect(said.text()).toBe('no newline');
	});

	test('outlasts a program that closes its streams before it exits: it is not hung up', async () => {
		const process = await agent.spawn(['sh', '-c', 'exec <&- >&- 2>&-; sleep 0.3; exit 3'], {}, { tty: true });
		expect(await process.exited).toMatchObject({ status: 3 });
		await process.drained;
	});

	withStrace.test('is that of a traced program, and not of its tracer', async () => {
		const log = collector();
		const out = collector();
		const argv = ['strace', '-D', '-f', '-yy', '-ttt', '-T', '-e', 'trace=read,write', '-o', '@log', ...AWK];
		const process = await agent.spawn(argv, { out: out.take, log: log.take }, { tty: true });
		await process.write('one\n');
		await until(() => out.text() === 'got one\n');
		await process.write('\x03');
		expect(await process.exited).toMatchObject({ signal: 'SIGINT' });
		await process.drained;
		expect(log.text()).toMatch(/write\(1<\/dev\/pts\/\d+<char 136:\d+>>, "got one\\n", 8\)/);
		expect(log.text()).toContain('+++ killed by SIGINT +++');
	});
});

describe('the end', () => {
	const LEAVES_CHILDREN =
		'sleep 1000 & setsid sleep 1000 & (setsid sh -c "trap : TERM INT HUP; sleep 1000; sleep 1000" &) ; echo ready; ' +
		'sleep 1000';

	async function withFamily() {
		const child = spawn(path);
		const own = await Agent.connect(channelTo(child), 'a dying test');
		const mark = `halfopen-test-${own.pid}`;
		const out = collector();
		await own.spawn(['sh', '-c', LEAVES_CHILDREN, mark], { out: out.take });
		const stopped = await own.spawn(['sleep', '1000']);
		await stopped.signal('SIGSTOP');
		const controlled = await own.spawnControlled();
		await until(() => out.text() === 'ready\n');
		const descendants = async () => {
			const { stdout } = await execa('ps', ['-e', '-o', 'pid=,ppid=']);
			const parents = new Map(
				stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number) as [number, number]),
			);
			const isOurs = (pid: number): boolean => pid === own.pid || (pid > 1 && isOurs(parents.get(pid) ?? 0));
			return [...parents.keys()].filter((pid) => pid !== own.pid && isOurs(pid));
		};
		return { child, own, controlled, mark, pids: await descendants() };
	}

	async function expectNobody(pids: readonly number[], mark: string) {
		const states = await Promise.all(pids.map(processState));
		expect(states).toEqual(pids.map(() => undefined));
		expect(await processesWith(mark)).toEqual([]);
	}

	test('of its input ends everything it started', async () => {
		const { own, pids, mark } = await withFamily();
		expect(pids.length).toBeGreaterThanOrEqual(6);
		await own.close();
		expect(await own.closed).toBeUndefined();
		await until(async () => (await processState(own.pid)) === undefined);
		await expectNobody(pids, mark);
	});

	test('by SIGTERM is as tidy, and everyone who waits is told', async () => {
		const { own, pids, mark, controlled, child } = await withFamily();
		const { returned } = await controlled.call('socket');
		const waiting = [own.sleep(100_000), controlled.call('bind', returned, '127.0.0.1', 0), controlled.exited];
		child.kill('SIGTERM');
		const results = await Promise.allSettled(waiting);
		for (const result of [results[0], results[2]])
			expect(result).toMatchObject({ status: 'rejected', reason: { code: 'AGENT_GONE' } });
		expect(await own.closed).toMatchObject({
			code: 'AGENT_GONE',
			problem: expect.stringContaining('a dying test'),
			seen: expect.stringContaining('the last request: call'),
		});
		await expect(own.now()).rejects.toMatchObject({ code: 'AGENT_GONE' });
		await until(async () => (await processState(own.pid)) === undefined);
		await expectNobody(pids, mark);
	});

	test('by SIGKILL still ends its children', async () => {
		const child = spawn(path);
		const own = await Agent.connect(channelTo(child), 'a killed test');
		const sleeper = await own.spawn(['sleep', '1000']);
		const controlled = await own.spawnControlled();
		child.kill('SIGKILL');
		expect(await own.closed).toMatchObject({ code: 'AGENT_GONE' });
		await until(
			async () =>
				/^(Z|undefined)$/.test(`${await processState(sleeper.pid)}`) &&
				/^(Z|undefined)$/.test(`${await processState(controlled.pid)}`),
		);
	});

	test('before its beginning is told too', async () => {
		await expect(startLocalAgent('/bin/false', 'nobody')).rejects.toMatchObject({ code: 'AGENT_GONE' });
		await expect(startLocalAgent('/no/such/agent', 'nobody')).rejects.toMatchObject({ code: 'AGENT_GONE' });
		await expect(
			startLocalAgent('echo', 'nobody', { prefix: ['sh', '-c', 'echo OCI runtime exec failed'] }),
		).rejects.toMatchObject({
			code: 'AGENT_PROTOCOL',
		});
		const other = new PassThrough();
		other.write('1.000000 0 hello 1 1 6.1\n');
		await expect(Agent.connect(other, 'nobody')).rejects.toMatchObject({
			code: 'AGENT_PROTOCOL',
			problem: expect.stringContaining('version 1'),
		});
	});
});
