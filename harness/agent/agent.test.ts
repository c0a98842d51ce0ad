import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { execa } from 'execa';
import { Agent } from './agent.ts';
import { builtAgent, collector, processState, until } from './fixture.ts';
import { channelTo, startLocalAgent } from './local.ts';

jest.setTimeout(120_000);

const path = await builtAgent();
const agent = await startLocalAgent(path, 'a test');

afterAll(() => agent.close());

describe('the agent', () => {
	test('reports its kernel, its pid and the time', async () => {
		expect(agent.kernelRelease).toMatch(/^\d+\.\d+/);
		expect(await processState(agent.pid)).toBeDefined();
		const before = Date.now() / 1_000;
		const now = await agent.now();
		expect(now).toBeGreaterThan(before - 0.01);
		expect(now).toBeLessThan(Date.now() / 1_000 + 0.01);
	});

	test('sleeps at least as long as requested, several times concurrently', async () => {
		const start = await agent.now();
		const ends = await Promise.all(
			[60, 20, 40].map(async (ms) => {
				await agent.sleep(ms);
				return { ms, took: (await agent.now()) - start };
			}),
		);
		for (const { ms, took } of ends) expect(took).toBeGreaterThanOrEqual(ms / 1_000);
	});

	test('cancels a sleep that is aborted', async () => {
		const abort = new AbortController();
		const slept = agent.sleep(60_000, abort.signal);
		abort.abort(new Error('enough'));
		await expect(slept).rejects.toThrow('enough');
		await expect(agent.sleep(1, abort.signal)).rejects.toThrow('enough');
	});

	test('keeps no descriptor of a process that has ended', async () => {
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
	test('runs to its end', async () => {
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

	test('that is missing: TOOL_MISSING with its name', async () => {
		await expect(agent.spawn(['no-such-program'])).rejects.toMatchObject({
			code: 'TOOL_MISSING',
			problem: expect.stringContaining('no-such-program'),
		});
		await expect(agent.spawn(['/etc/passwd'])).rejects.toMatchObject({ code: 'TOOL_MISSING' });
		await expect(agent.spawn(['a\0b'])).rejects.toMatchObject({ code: 'OPTION_INVALID' });
	});

	test('inherits three descriptors, no signal dispositions and no mask, and leads a session', async () => {
		/* The fourth descriptor is the directory that ls reads. */
		expect(await agent.run(['ls', '/proc/self/fd'])).toMatchObject({ out: '0\n1\n2\n3\n' });
		const { out } = await agent.run(['cat', '/proc/self/status', '/proc/self/stat']);
		expect(out).toMatch(/SigIgn:\t0+\n/);
		expect(out).toMatch(/SigBlk:\t0+\n/);
		const [pid, group, session] = /^(\d+) \(.*\) \w \d+ (\d+) (\d+)/m.exec(out)?.slice(1) ?? [];
		expect(pid).toBeDefined();
		expect([group, session]).toEqual([pid, pid]);
	});

	test('reads everything that is written, in order, until the end of its input', async () => {
		const out = collector();
		const cat = await agent.spawn(['cat'], { out: out.add });
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

	test('receives signals until it ends', async () => {
		const out = collector();
		const shell = await agent.spawn(
			['sh', '-c', 'trap "echo caught; exit 4" USR1; echo ready; while :; do sleep 0.01; done'],
			{ out: out.add },
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

	test('is reported to have ended after all its output', async () => {
		const ends = await Promise.all(
			Array.from({ length: 20 }, async (_, i) => {
				const out = collector();
				const process = await agent.spawn(['sh', '-c', `head -c 30000 /dev/zero; echo ${i}`], { out: out.add });
				await process.exited;
				return out.text().length - `${i}\n`.length;
			}),
		);
		expect(ends).toEqual(Array(20).fill(30_000));
	});

	test('that has ended may leave its streams to children', async () => {
		const out = collector();
		const process = await agent.spawn(['sh', '-c', '(sleep 0.2; echo later) & echo now'], { out: out.add });
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

test('a slow harness receives 10 MB without loss', async () => {
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

test('while the harness does not read, output is held back in the process, not in the agent', async () => {
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
