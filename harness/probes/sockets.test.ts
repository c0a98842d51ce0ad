import { chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Agent } from '../agent/agent.ts';
import { builtAgent, until } from '../agent/fixture.ts';
import { startLocalAgent } from '../agent/local.ts';
import { FakeClock } from '../fixtures.ts';
import type { SamplingProgress } from './sampling-interval.ts';
import { SocketProbe, type SsSample } from './sockets.ts';

jest.setTimeout(120_000);

/** Prints the file `rows`, and appends its arguments to the file `calls`. */
const FAKE_SS = `#!/bin/bash
here=$(dirname "$0")
echo "$*" >>"$here/calls"
cat "$here/rows"
. "$here/then"
`;

const ESTAB = 'ESTAB 0 0 198.18.0.2:50000 198.18.0.3:8080 ino:7 sk:1 <->\n\t cubic rto:204 rtt:0.1/0.05\n';
const FIN_WAIT = 'FIN-WAIT-2 0 0 198.18.0.2:50000 198.18.0.3:8080 timer:(timewait,59sec,0) ino:0 sk:1\n';
const RESOLVER = 'LISTEN 0 4096 127.0.0.11:39205 0.0.0.0:* ino:3 sk:2\n';

let folder: string;
let agent: Agent;
let samples: SsSample[];
let lost: string[];
let probe: SocketProbe;
let clock: FakeClock;
let progress: SamplingProgress[];

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'halfopen-ss-'));
	await writeFile(join(folder, 'ss'), FAKE_SS);
	await chmod(join(folder, 'ss'), 0o755);
	const prefix = ['env', `PATH=${folder}:${process.env.PATH}`];
	agent = await startLocalAgent(await builtAgent(), 'a test', { prefix });
});

afterAll(async () => {
	await agent.close();
	await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
	await setRows('');
	await writeFile(join(folder, 'calls'), '');
	await writeFile(join(folder, 'then'), '');
	// Each test has its own lists, because a sample that an earlier test requested may still come.
	const own = { samples: [] as SsSample[], lost: [] as string[], progress: [] as SamplingProgress[] };
	({ samples, lost, progress } = own);
	clock = new FakeClock();
	const interval = (current: SamplingProgress) => {
		own.progress.push(current);
		return 100;
	};
	probe = await SocketProbe.start(agent, clock, interval, {
		sample: (sample) => own.samples.push(sample),
		lost: (what) => own.lost.push(what),
	});
});

/** The watchers of a test have ended by then. The samplers end with the agent. */
afterEach(() => setRows(''));

/** Sets the output of `ss`, atomically. */
async function setRows(rows: string): Promise<void> {
	await writeFile(join(folder, 'rows.new'), rows);
	await rename(join(folder, 'rows.new'), join(folder, 'rows'));
}

const requests = async () => (await readFile(join(folder, 'calls'), 'utf8')).split('\n').filter(Boolean);
const statesOf = (sample: SsSample | undefined) => sample?.rows.map(({ state }) => state);
const latest = () => statesOf(samples.at(-1));

describe('a sample', () => {
	test('has been taken when the request resolves', async () => {
		await setRows(ESTAB);
		const before = Date.now() / 1_000;
		await probe.sample();
		const after = Date.now() / 1_000;
		expect(samples).toHaveLength(1);
		expect(latest()).toEqual(['ESTAB']);
		expect(samples[0]?.rows[0]).toMatchObject({ local: { address: '198.18.0.2', port: 50_000 }, inode: 7 });
		// Both clocks are the machine's; bash and Node may round differently.
		expect(samples[0]?.t).toBeGreaterThan(before - 0.01);
		expect(samples[0]?.t).toBeLessThan(after + 0.01);
	});

	test('has all TCP sockets, with timers, inodes and details', async () => {
		await probe.sample();
		expect(await requests()).toEqual(['-tanoeiH']);
	});

	test('begins after the request', async () => {
		for (const [rows, states] of [
			[ESTAB, ['ESTAB']],
			[FIN_WAIT, ['FIN-WAIT-2']],
			['', []],
		] as const) {
			await setRows(rows);
			await probe.sample();
			expect(latest()).toEqual(states);
		}
	});

	test('is taken for each of several requests at once', async () => {
		await setRows(ESTAB);
		await Promise.all(Array.from({ length: 5 }, () => probe.sample()));
		expect(samples.length).toBeGreaterThanOrEqual(1);
		expect(samples.map(statesOf)).toEqual(samples.map(() => ['ESTAB']));
	});

	test('of many sockets is complete, although it arrives in chunks', async () => {
		await setRows(ESTAB.repeat(3_000));
		await probe.sample();
		expect(samples.at(-1)?.rows).toHaveLength(3_000);
		expect(samples[0]?.unread).toEqual([]);
		expect(lost).toEqual([]);
	});

	test('leaves out sockets on loopback, like those of sentinels', async () => {
		await setRows(RESOLVER + ESTAB);
		await probe.sample();
		expect(latest()).toEqual(['ESTAB']);
	});

	test('does not end with a row that ends with “end”', async () => {
		await setRows([ESTAB, FIN_WAIT].map((row) => row.replace('\n', ' cgroup:/backend\n')).join(''));
		await probe.sample();
		expect(latest()).toEqual(['ESTAB', 'FIN-WAIT-2']);
		expect(samples).toHaveLength(1);
		expect(samples[0]?.unread).toEqual([]);
		expect(lost).toEqual([]);
	});

	test('has the lines that could not be parsed', async () => {
		await setRows(`${ESTAB}RTNETLINK answers: No such file or directory\n`);
		await probe.sample();
		expect(samples.at(-1)?.unread).toEqual(['RTNETLINK answers: No such file or directory']);
		expect(latest()).toEqual(['ESTAB']);
	});
});

describe('a failed sample', () => {
	const then = (script: string) => writeFile(join(folder, 'then'), script);

	test('is not recorded: it shows neither sockets nor their absence', async () => {
		await setRows(ESTAB);
		await then('echo Cannot open netlink socket >&2; exit 255');
		expect(await probe.sample()).toBe(false);
		expect(samples).toEqual([]);
		expect(lost).toEqual(['ss exited with status 255; its last output: Cannot open netlink socket']);
		await then('');
		expect(await probe.sample()).toBe(true);
		expect(latest()).toEqual(['ESTAB']);
	});

	test('is not recorded if ss was killed', async () => {
		await then('kill -KILL $$');
		expect(await probe.sample()).toBe(false);
		expect(lost[0]).toMatch(/^ss exited with status 137;/);
	});

	test('is reported at once if the loop around ss has ended', async () => {
		// The parent of ss is the shell that reads its standard error; the loop is the parent of that.
		await then('read -r _ _ _ loop _ </proc/$PPID/stat; kill -KILL $loop; sleep 60');
		expect(await probe.sample()).toBe(false);
		expect(lost[0]).toMatch('the loop around ss was killed by SIGKILL');
		expect(await probe.sample()).toBe(false);
		expect(samples).toEqual([]);
	});

	test('is reported after a limit if ss does not answer', async () => {
		await then('sleep 60');
		const result = probe.sample();
		await until(() => clock.sleeping === 1);
		clock.pass(20_000);
		expect(await result).toBe(false);
		expect(lost[0]).toMatch('ss gave no answer within 20 s');
	});

	test('does not end a watch', async () => {
		await then('exit 1');
		const stop = probe.watch();
		await until(() => progress.length > 0 && clock.sleeping === 1);
		await then('');
		clock.pass(100);
		await until(() => samples.length === 1);
		stop();
	});
});

describe('a watch', () => {
	/** The interval of the probe in this file. */
	const INTERVAL_MS = 100;

	test('samples at once, and after each interval', async () => {
		const stop = probe.watch();
		for (const number of [1, 2, 3]) {
			await until(() => progress.length === number && clock.sleeping === 1);
			if (number === 2) await setRows(ESTAB);
			clock.pass(INTERVAL_MS);
		}
		await until(() => samples.length === 4);
		expect(latest()).toEqual(['ESTAB']);
		stop();
	});

	test('passes its duration, the number of samples, and the latest rows to the interval', async () => {
		await setRows(ESTAB);
		const stop = probe.watch();
		await until(() => progress.length > 0 && clock.sleeping === 1);
		clock.pass(INTERVAL_MS);
		await until(() => progress.length === 2);
		expect(progress).toEqual([
			{ samples: 1, seconds: 0, rows: samples[0]?.rows },
			{ samples: 2, seconds: expect.closeTo(INTERVAL_MS / 1_000), rows: samples[1]?.rows },
		]);
		stop();
	});

	test('ends when it is stopped, also during an interval', async () => {
		const stop = probe.watch();
		await until(() => progress.length > 0 && clock.sleeping === 1);
		stop();
		clock.pass(INTERVAL_MS);
		await probe.sample();
		expect(await requests()).toHaveLength(2);
		expect(clock.sleeping).toBe(0);
	});

	test('by two ends with the second; stopping one twice has no effect', async () => {
		const [first, second] = [probe.watch(), probe.watch()];
		await until(() => progress.length > 0 && clock.sleeping === 1);
		first();
		first();
		clock.pass(INTERVAL_MS);
		await until(() => progress.length === 2 && clock.sleeping === 1);
		second();
		clock.pass(INTERVAL_MS);
		await probe.sample();
		expect(await requests()).toHaveLength(3);
	});

	test('can begin again', async () => {
		probe.watch()();
		const stop = probe.watch();
		await until(() => progress.length > 0 && clock.sleeping === 1);
		clock.pass(INTERVAL_MS);
		await until(() => progress.length >= 2 && clock.sleeping === 1);
		stop();
	});

	test('does not delay a request', async () => {
		const stop = probe.watch();
		await until(() => progress.length > 0 && clock.sleeping === 1);
		await setRows(FIN_WAIT);
		await probe.sample();
		expect(latest()).toEqual(['FIN-WAIT-2']);
		stop();
	});
});
