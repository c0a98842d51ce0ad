/**
 * The contract of an engine with the harness (engine.ts): power, kill, userlands and destroy, on the engine of this
 * run. The tests use the agents only, without the layers above the engine.
 */
import { expect, jest, test } from '@jest/globals';
import { Agent } from '../agent/agent.ts';
import { until } from '../agent/fixture.ts';
import { ip } from '../lab/ip.ts';
import { DEVICE } from '../lab/wire.ts';
import { inventory } from '../run/fixtures/inventory.ts';
import { testUnlessOn } from '../run/fixtures/on-engine.ts';
import {
	connection,
	interfaces,
	type Machines,
	output,
	powerOff,
	powerOn,
	received,
	returned,
	sockets,
	withMachines,
} from './fixtures/machines.ts';

/** Creating hosts takes longer on a busy machine. */
jest.setTimeout(120_000);

const testIfSeen = testUnlessOn(
	'vm',
	'the hosts of a guest cannot be seen from outside; runner.lab.test.ts checks what is left of guests',
);
const testIfReached = testUnlessOn('vm', 'a process in a guest cannot be killed from outside');

const FIN_TIMEOUT = '/proc/sys/net/ipv4/tcp_fin_timeout';

test('kill: processes end, and the kernel sends their FIN; the machine’s agent still runs', () =>
	withMachines(async ({ client, server }) => {
		const { near } = await connection(client, server);
		await server.host.kill();
		expect(await received(near)).toBe('');
		expect(await server.userland.closed).toMatchObject({ code: 'AGENT_GONE' });
		await until(async () => (await sockets(server)).some((row) => row.startsWith('FIN-WAIT-2 ')));
	}));

test('kill: also ends frozen programs', () =>
	withMachines(async ({ client, server }) => {
		const { near } = await connection(client, server);
		await server.host.pause();
		await server.host.kill();
		expect(await received(near)).toBe('');
	}));

test('startUserland after kill: returns a working userland on the same machine', () =>
	withMachines(async ({ client, server }) => {
		for (const port of [8081, 8082]) {
			await server.host.kill();
			const userland = await Agent.connect(await server.host.startUserland(), 'the new userland');
			const { near, far } = await connection(client, { ...server, userland }, port);
			returned(await near.process.call('send', near.fd, 'again'));
			expect(await received(far)).toBe('again');
		}
	}));

test('powerOff after the wire was cut: the other host receives nothing more, and the agents end', () =>
	withMachines(async ({ wire, client, server }) => {
		const { near } = await connection(client, server);
		let captured = '';
		const capture = await client.machine.spawn(
			['tcpdump', '-Z', 'root', '-i', DEVICE, '-nn', '-tt', '-l', '--immediate-mode', 'tcp'],
			{
				out: (bytes) => {
					captured += bytes;
				},
				err: (bytes) => {
					captured += bytes;
				},
			},
		);
		await until(() => captured.includes('listening on'));
		const { t: cutAt } = await ip(server.machine, [`link set ${DEVICE} down`]);
		await powerOff(wire, server);
		expect(await server.machine.closed).toMatchObject({ code: 'AGENT_GONE' });
		expect(await server.userland.closed).toMatchObject({ code: 'AGENT_GONE' });
		returned(await near.process.call('send', near.fd, 'hello?'));
		await until(() => captured.includes('length 6'));
		const late = captured
			.split('\n')
			.filter((line) => / IP6? (\S+)\.\d+ > /.exec(line)?.[1] === server.address && Number.parseFloat(line) > cutAt);
		expect(late).toEqual([]);
		expect(await near.process.call('poll', near.fd, ['POLLIN'], 0)).toMatchObject({ returned: 0 });
		await capture.signal('SIGTERM');
	}));

test('powerOn after powerOff: no sockets, and the initial sysctls', () =>
	withMachines(async ({ lab, wire, client, server }) => {
		await connection(client, server);
		const before = await output(server.machine, 'cat', FIN_TIMEOUT);
		await output(server.machine, 'sh', '-c', `echo 7 >${FIN_TIMEOUT}`);
		await powerOff(wire, server);
		const again = await powerOn(lab, wire, { host: 'server', boot: 2 });
		expect(await sockets(again)).toEqual([]);
		expect(await output(again.machine, 'cat', FIN_TIMEOUT)).toBe(before);
		await connection(client, again, 8081);
	}));

test('powerOff and powerOn: also work for a host whose agents have ended', () =>
	withMachines(async ({ lab, wire, client, server }) => {
		await Promise.all([server.machine.close(), server.userland.close()]);
		await powerOff(wire, server);
		await connection(client, await powerOn(lab, wire, { host: 'server', boot: 2 }));
	}));

test('powerOff and powerOn: do not change the interface of the other host', () =>
	withMachines(async ({ lab, wire, client, server }) => {
		const before = await interfaces(client);
		let changes = '';
		const monitor = await client.machine.spawn(['ip', '-o', 'monitor', 'link', 'address'], {
			out: (bytes) => {
				changes += bytes;
			},
		});
		/**
		 * Changes a link and waits for the report. It shows that the monitor runs, and has reported all earlier changes.
		 */
		const waitForMonitor = async (mtu: number) => {
			await until(async () => {
				await output(client.machine, 'ip', 'link', 'set', 'lo', 'mtu', String(mtu));
				await output(client.machine, 'ip', 'link', 'set', 'lo', 'mtu', '65536');
				return changes.includes(`mtu ${mtu} `);
			});
		};
		await waitForMonitor(60_001);
		await powerOff(wire, server);
		await powerOn(lab, wire, { host: 'server', boot: 2 });
		await waitForMonitor(60_002);
		await monitor.signal('SIGTERM');
		expect(changes.split('\n').filter((line) => line !== '' && !/^\d+: lo[: ]/.test(line))).toEqual([]);
		expect(await interfaces(client)).toEqual(before);
	}));

test('a host that is off, or whose programs were killed: HOST_OFF', () =>
	withMachines(async ({ wire, client, server }) => {
		await client.host.kill();
		await powerOff(wire, server);
		for (const { host } of [client, server]) {
			await expect(host.pause()).rejects.toMatchObject({ code: 'HOST_OFF' });
			await expect(host.resume()).rejects.toMatchObject({ code: 'HOST_OFF' });
			await expect(host.kill()).rejects.toMatchObject({ code: 'HOST_OFF' });
		}
	}));

test('destroy: ends the channels of both hosts, and may be called twice', () =>
	withMachines(async ({ lab, client, server }) => {
		await Promise.all([lab.destroy(), lab.destroy()]);
		await lab.destroy();
		for (const { machine, userland } of [client, server]) await Promise.all([machine.closed, userland.closed]);
	}));

testIfSeen('destroy: nothing is left of either host', () =>
	withMachines(async ({ lab, client, server }) => {
		expect(await inventory.addresses()).toEqual(expect.arrayContaining([client.address]));
		await lab.destroy();
		const addresses = await inventory.addresses();
		for (const { address } of [client, server]) expect(addresses).not.toContain(address);
	}),
);

async function destroyAfter(act: (machines: Machines) => Promise<unknown>): Promise<void> {
	await withMachines(async (machines) => {
		const { lab, client, server } = machines;
		await act(machines);
		await lab.destroy();
		const addresses = await inventory.addresses();
		for (const { address } of [client, server]) expect(addresses).not.toContain(address);
	});
}

test.each<[string, Parameters<typeof destroyAfter>[0]]>([
	['with frozen programs', async ({ client, server }) => Promise.all([client.host.pause(), server.host.pause()])],
	['with killed programs', async ({ client, server }) => Promise.all([client.host.kill(), server.host.kill()])],
	['with a host that is off', async ({ wire, server }) => powerOff(wire, server)],
	[
		'with agents that have ended',
		async ({ client, server }) => Promise.all([client.machine.close(), server.userland.close()]),
	],
])('destroy: also works %s', (_what, act) => destroyAfter(act));

testIfReached('destroy: also works with a userland that was killed from outside', () =>
	destroyAfter(({ client }) => inventory.killUserland(client.address)),
);
