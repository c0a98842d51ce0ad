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

/** Says what the file `rows` says, and counts in `calls` how often it was asked, and for what. */
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
let looks: SsSample[];
let lost: string[];
let probe: SocketProbe;
let clock: FakeClock;
let told: SamplingProgress[];

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
	await shows('');
	await writeFile(join(folder, 'calls'), '');
	await writeFile(join(folder, 'then'), '');
	// Each test has lists of its own: a look that an earlier one has asked for may still come.
	const own = { looks: [] as SsSample[], lost: [] as string[], told: [] as SamplingProgress[] };
	({ looks, lost, told } = own);
	clock = new FakeClock();
	const pace = (watching: SamplingProgress) => {
		own.told.push(watching);
		return 100;
	};
	probe = await SocketProbe.start(agent, clock, pace, {
		sample: (look) => own.looks.push(look),
		lost: (what) => own.lost.push(what),
	});
});

/** The sampler of each test ends with its watchers; the agent ends all samplers. */
afterEach(() => shows(''));

/** From now on `ss` says this; never half of it. */
async function shows(rows: string): Promise<void> {
	await writeFile(join(folder, 'rows.new'), rows);
	await rename(join(folder, 'rows.new'), join(folder, 'rows'));
}

const askings = async () => (await readFile(join(folder, 'calls'), 'utf8')).split('\n').filter(Boolean);
const statesOf = (look: SsSample | undefined) => look?.rows.map(({ state }) => state);
const latest = () => statesOf(looks.at(-1));

describe('a look', () => {
	test('that is asked for has been taken when the asking passes', async () => {
		await shows(ESTAB);
		const before = Date.now() / 1_000;
		await probe.sample();
		const after = Date.now() / 1_000;
		expect(looks).toHaveLength(1);
		expect(latest()).toEqual(['ESTAB']);
		expect(looks[0]?.rows[0]).toMatchObject({ local: { address: '198.18.0.2', port: 50_000 }, inode: 7 });
		// The same clock, of the same machine; bash and Node may round to either side.
		expect(looks[0]?.t).toBeGreaterThan(before - 0.01);
		expect(looks[0]?.t).toBeLessThan(after + 0.01);
	});

	test('asks ss for all TCP sockets, with timers, inodes and details', async () => {
		await probe.sample();
		expect(await askings()).toEqual(['-tanoeiH']);
	});

	test('began after the asking: it shows what was there by then', async () => {
		for (const [rows, states] of [
			[ESTAB, ['ESTAB']],
			[FIN_WAIT, ['FIN-WAIT-2']],
			['', []],
		] as const) {
			await shows(rows);
			await probe.sample();
			expect(latest()).toEqual(states);
		}
	});

	test('is taken for each who asks, though many ask at once', async () => {
		await shows(ESTAB);
		await Promise.all(Array.from({ length: 5 }, () => probe.sample()));
		expect(looks.length).toBeGreaterThanOrEqual(1);
		expect(looks.map(statesOf)).toEqual(looks.map(() => ['ESTAB']));
	});

	test('of many sockets is whole, however it comes through the pipe', async () => {
		await shows(ESTAB.repeat(3_000));
		await probe.sample();
		expect(looks.at(-1)?.rows).toHaveLength(3_000);
		expect(looks[0]?.unread).toEqual([]);
		expect(lost).toEqual([]);
	});

	test('leaves out the loopback’s: the resolver of the engine is nobody’s business', async () => {
		await shows(RESOLVER + ESTAB);
		await probe.sample();
		expect(latest()).toEqual(['ESTAB']);
	});

	test('does not end with a row that ends with “end”', async () => {
		await shows([ESTAB, FIN_WAIT].map((row) => row.replace('\n', ' cgroup:/backend\n')).join(''));
		await probe.sample();
		expect(latest()).toEqual(['ESTAB', 'FIN-WAIT-2']);
		expect(looks).toHaveLength(1);
		expect(looks[0]?.unread).toEqual([]);
		expect(lost).toEqual([]);
	});

	test('tells what of it could not be read', async () => {
		await shows(`${ESTAB}RTNETLINK answers: No such file or directory\n`);
		await probe.sample();
		expect(looks.at(-1)?.unread).toEqual(['RTNETLINK answers: No such file or directory']);
		expect(latest()).toEqual(['ESTAB']);
	});
});

describe('a look that fails', () => {
	const then = (script: string) => writeFile(join(folder, 'then'), script);

	test('is none: it shows no socket, and no lack of sockets', async () => {
		await shows(ESTAB);
		await then('echo Cannot open netlink socket >&2; exit 255');
		expect(await probe.sample()).toBe(false);
		expect(looks).toEqual([]);
		expect(lost).toEqual(['ss exited with status 255; its last output: Cannot open netlink socket']);
		await then('');
		expect(await probe.sample()).toBe(true);
		expect(latest()).toEqual(['ESTAB']);
	});

	test('because ss was killed is none either', async () => {
		await then('kill -KILL $$');
		expect(await probe.sample()).toBe(false);
		expect(lost[0]).toMatch(/^ss exited with status 137;/);
	});

	test('because the loop around ss has ended ends all looks at once', async () => {
		// Between the loop and ss stands the shell that reads what ss remarks.
		await then('read -r _ _ _ loop _ </proc/$PPID/stat; kill -KILL $loop; sleep 60');
		expect(await probe.sample()).toBe(false);
		expect(lost[0]).toMatch('the loop around ss was killed by SIGKILL');
		expect(await probe.sample()).toBe(false);
		expect(looks).toEqual([]);
	});

	test('because ss does not answer is given up', async () => {
		await then('sleep 60');
		const look = probe.sample();
		await until(() => clock.sleeping === 1);
		clock.pass(20_000);
		expect(await look).toBe(false);
		expect(lost[0]).toMatch('ss gave no answer within 20 s');
	});

	test('does not end a watching', async () => {
		await then('exit 1');
		const stop = probe.watch();
		await until(() => told.length > 0 && clock.sleeping === 1);
		await then('');
		clock.pass(100);
		await until(() => looks.length === 1);
		stop();
	});
});

describe('watching', () => {
	/** As the pace of this file has it. */
	const INTERVAL_MS = 100;

	test('looks at once, and again each time that the pace says', async () => {
		const stop = probe.watch();
		for (const number of [1, 2, 3]) {
			await until(() => told.length === number && clock.sleeping === 1);
			if (number === 2) await shows(ESTAB);
			clock.pass(INTERVAL_MS);
		}
		await until(() => looks.length === 4);
		expect(latest()).toEqual(['ESTAB']);
		stop();
	});

	test('tells the pace how long and how often it has looked, and what it saw', async () => {
		await shows(ESTAB);
		const stop = probe.watch();
		await until(() => told.length > 0 && clock.sleeping === 1);
		clock.pass(INTERVAL_MS);
		await until(() => told.length === 2);
		expect(told).toEqual([
			{ samples: 1, seconds: 0, rows: looks[0]?.rows },
			{ samples: 2, seconds: expect.closeTo(INTERVAL_MS / 1_000), rows: looks[1]?.rows },
		]);
		stop();
	});

	test('ends when it is told to, also while it waits', async () => {
		const stop = probe.watch();
		await until(() => told.length > 0 && clock.sleeping === 1);
		stop();
		clock.pass(INTERVAL_MS);
		await probe.sample();
		expect(await askings()).toHaveLength(2);
		expect(clock.sleeping).toBe(0);
	});

	test('by two ends with the second, and who stops twice stops once', async () => {
		const [first, second] = [probe.watch(), probe.watch()];
		await until(() => told.length > 0 && clock.sleeping === 1);
		first();
		first();
		clock.pass(INTERVAL_MS);
		await until(() => told.length === 2 && clock.sleeping === 1);
		second();
		clock.pass(INTERVAL_MS);
		await probe.sample();
		expect(await askings()).toHaveLength(3);
	});

	test('begins anew after an end', async () => {
		probe.watch()();
		const stop = probe.watch();
		await until(() => told.length > 0 && clock.sleeping === 1);
		clock.pass(INTERVAL_MS);
		await until(() => told.length >= 2 && clock.sleeping === 1);
		stop();
	});

	test('does not keep an asking waiting', async () => {
		const stop = probe.watch();
		await until(() => told.length > 0 && clock.sleeping === 1);
		await shows(FIN_WAIT);
		await probe.sample();
		expect(latest()).toEqual(['FIN-WAIT-2']);
		stop();
	});
});
