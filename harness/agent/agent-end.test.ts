/** How an agent ends, and what ends with it. */
import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { describe, expect, jest, test } from '@jest/globals';
import { execa } from 'execa';
import { Agent } from './agent.ts';
import { builtAgent, collector, processesWith, processState, until } from './fixture.ts';
import { channelTo, startLocalAgent } from './local.ts';

jest.setTimeout(120_000);

const path = await builtAgent();

describe('the end', () => {
	const LEAVES_CHILDREN =
		'sleep 1000 & setsid sleep 1000 & (setsid sh -c "trap : TERM INT HUP; sleep 1000; sleep 1000" &) ; echo ready; ' +
		'sleep 1000';

	async function withFamily() {
		const child = spawn(path);
		const own = await Agent.connect(channelTo(child), 'a dying test');
		const mark = `halfopen-test-${own.pid}`;
		const out = collector();
		await own.spawn(['sh', '-c', LEAVES_CHILDREN, mark], { out: out.add });
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

	async function expectAllEnded(pids: readonly number[], mark: string) {
		const states = await Promise.all(pids.map(processState));
		expect(states).toEqual(pids.map(() => undefined));
		expect(await processesWith(mark)).toEqual([]);
	}

	test('of its input ends everything that it started', async () => {
		const { own, pids, mark } = await withFamily();
		expect(pids.length).toBeGreaterThanOrEqual(6);
		await own.close();
		expect(await own.closed).toBeUndefined();
		await until(async () => (await processState(own.pid)) === undefined);
		await expectAllEnded(pids, mark);
	});

	test('by SIGTERM ends everything, too, and rejects everything that is pending', async () => {
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
		await expectAllEnded(pids, mark);
	});

	test('by SIGKILL ends its children', async () => {
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

	test('before its first message rejects connect', async () => {
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
