import { chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Agent } from '../agent/agent.ts';
import { builtAgent, until } from '../agent/fixture.ts';
import { startLocalAgent } from '../agent/local.ts';
import { type Look, SocketProbe } from './sockets.ts';

jest.setTimeout(120_000);

/** Says what the file `rows` says, and counts in `calls` how often it was asked, and for what. */
const FAKE_SS = `#!/bin/bash
here=$(dirname "$0")
echo "$*" >>"$here/calls"
cat "$here/rows"
`;

const ESTAB = 'ESTAB 0 0 198.18.0.2:50000 198.18.0.3:8080 ino:7 sk:1 <->\n\t cubic rto:204 rtt:0.1/0.05\n';
const FIN_WAIT = 'FIN-WAIT-2 0 0 198.18.0.2:50000 198.18.0.3:8080 timer:(timewait,59sec,0) ino:0 sk:1\n';
const RESOLVER = 'LISTEN 0 4096 127.0.0.11:39205 0.0.0.0:* ino:3 sk:2\n';

let folder: string;
let agent: Agent;
let remove: () => Promise<void>;
let looks: Look[];
let unread: string[];
let probe: SocketProbe;

beforeAll(async () => {
	const built = await builtAgent();
	remove = built.remove;
	folder = await mkdtemp(join(tmpdir(), 'halfopen-ss-'));
	await writeFile(join(folder, 'ss'), FAKE_SS);
	await chmod(join(folder, 'ss'), 0o755);
	agent = await startLocalAgent(built.path, 'a test', { prefix: ['env', `PATH=${folder}:${process.env.PATH}`] });
});

afterAll(async () => {
	await agent.close();
	await remove();
	await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
	await shows('');
	await writeFile(join(folder, 'calls'), '');
	looks = [];
	unread = [];
	probe = await SocketProbe.start(agent, { look: (look) => looks.push(look), unread: (lines) => unread.push(...lines) });
});

/** The sampler of each test ends with its watchers; the agent ends all samplers. */
afterEach(() => shows(''));

/** From now on `ss` says this; never half of it. */
async function shows(rows: string): Promise<void> {
	await writeFile(join(folder, 'rows.new'), rows);
	await rename(join(folder, 'rows.new'), join(folder, 'rows'));
}

const askings = async () => (await readFile(join(folder, 'calls'), 'utf8')).split('\n').filter(Boolean);
const statesOf = (look: Look | undefined) => look?.rows.map(({ state }) => state);
const latest = () => statesOf(looks.at(-1));

describe('a look', () => {
	test('that is asked for has been taken when the asking passes', async () => {
		await shows(ESTAB);
		const before = Date.now() / 1_000;
		await probe.look();
		const after = Date.now() / 1_000;
		expect(looks).toHaveLength(1);
		expect(latest()).toEqual(['ESTAB']);
		expect(looks[0]?.rows[0]).toMatchObject({ local: { address: '198.18.0.2', port: 50_000 }, inode: 7 });
		// The same clock, of the same machine; bash and Node may round to either side.
		expect(looks[0]?.t).toBeGreaterThan(before - 0.01);
		expect(looks[0]?.t).toBeLessThan(after + 0.01);
	});

	test('asks ss for all TCP sockets, with timers, inodes and details', async () => {
		await probe.look();
		expect(await askings()).toEqual(['-tanoeiH']);
	});

	test('began after the asking: it shows what was there by then', async () => {
		for (const [rows, states] of [
			[ESTAB, ['ESTAB']],
			[FIN_WAIT, ['FIN-WAIT-2']],
			['', []],
		] as const) {
			await shows(rows);
			await probe.look();
			expect(latest()).toEqual(states);
		}
	});

	test('is taken for each who asks, though many ask at once', async () => {
		await shows(ESTAB);
		await Promise.all(Array.from({ length: 5 }, () => probe.look()));
		expect(looks.length).toBeGreaterThanOrEqual(1);
		expect(looks.map(statesOf)).toEqual(looks.map(() => ['ESTAB']));
	});

	test('of many sockets is whole, however it comes through the pipe', async () => {
		await shows(ESTAB.repeat(3_000));
		await probe.look();
		expect(looks.at(-1)?.rows).toHaveLength(3_000);
		expect(unread).toEqual([]);
	});

	test('leaves out the loopback’s: the resolver of the engine is nobody’s business', async () => {
		await shows(RESOLVER + ESTAB);
		await probe.look();
		expect(latest()).toEqual(['ESTAB']);
	});

	test('does not end with a row that ends with “end”', async () => {
		await shows([ESTAB, FIN_WAIT].map((row) => row.replace('\n', ' cgroup:/backend\n')).join(''));
		await probe.look();
		expect(latest()).toEqual(['ESTAB', 'FIN-WAIT-2']);
		expect(looks).toHaveLength(1);
		expect(unread).toEqual([]);
	});

	test('tells what of it could not be read', async () => {
		await shows(`${ESTAB}RTNETLINK answers: No such file or directory\n`);
		await probe.look();
		expect(unread).toEqual(['RTNETLINK answers: No such file or directory']);
		expect(latest()).toEqual(['ESTAB']);
	});
});

test('no asking is lost while the sampler is about to look by itself', async () => {
	const stop = probe.watch();
	for (let asking = 0; asking < 1_000; asking++) await probe.look();
	stop();
	expect(unread).toEqual([]);
});

describe('watching', () => {
	test('looks again and again, without being asked', async () => {
		const stop = probe.watch();
		await until(() => looks.length >= 3);
		await shows(ESTAB);
		await until(() => latest()?.[0] === 'ESTAB');
		stop();
		const times = looks.map(({ t }) => t);
		expect(times).toEqual([...times].sort((a, b) => a - b));
	});

	test('ends when it is told to', async () => {
		const stop = probe.watch();
		await until(() => looks.length >= 2);
		stop();
		// This asking stands behind the end in the sampler's input.
		await probe.look();
		const asked = (await askings()).length;
		// Six times as long as it would have waited.
		await new Promise((resolve) => setTimeout(resolve, 300));
		expect(await askings()).toHaveLength(asked);
	});

	test('by two ends with the second, and who stops twice stops once', async () => {
		const [first, second] = [probe.watch(), probe.watch()];
		await until(() => looks.length >= 1);
		first();
		first();
		const seen = looks.length;
		await until(() => looks.length >= seen + 3);
		second();
		await probe.look();
		const asked = (await askings()).length;
		await new Promise((resolve) => setTimeout(resolve, 300));
		expect(await askings()).toHaveLength(asked);
	});

	test('slows down, and an asking is answered at once all the same', async () => {
		const stop = probe.watch();
		// After 20 looks the sampler is told to wait 0.2 s between them, and not 0.05: the word reaches it when it does.
		await until(() => {
			const [before, after] = looks.slice(20).slice(-2);
			return before !== undefined && after !== undefined && after.t - before.t > 0.15;
		});
		await shows(FIN_WAIT);
		await probe.look();
		expect(latest()).toEqual(['FIN-WAIT-2']);
		stop();
	});
});
