/**
 * What every engine owes the harness (engine.ts), clause by clause, on the engine of this run and through its agents
 * alone: no lab is above it.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Agent } from '../agent/agent.ts';
import { until } from '../agent/fixture.ts';
import { currentEngine } from '../run/current.ts';
import { inventory } from '../run/fixtures/inventory.ts';
import { testUnlessOn } from '../run/fixtures/on-engine.ts';
import type { EngineLab } from './engine.ts';
import {
	connection,
	interfaces,
	type Machine,
	type Machines,
	makeMachines,
	output,
	reach,
	received,
	returned,
	sendAcknowledged,
	sockets,
	withMachines,
} from './fixtures/machines.ts';

/** For making hosts on a busy machine. */
jest.setTimeout(120_000);

const testIfSeen = testUnlessOn(
	'vm',
	'nobody outside a guest sees its hosts; what is left of guests runner.lab.test.ts asks',
);
const testIfReached = testUnlessOn('vm', 'nobody outside a guest can kill what runs in it');
const testOnOneNetwork = testUnlessOn('vm', 'each lab is alone in its guest, so that all have the same addresses');

const FIN_TIMEOUT = '/proc/sys/net/ipv4/tcp_fin_timeout';

async function deviceOf(machine: Machine): Promise<string> {
	return (await interfaces(machine))[0]?.ifname ?? '';
}

/**
 * Takes it off the wire, as the harness does before its power goes; returns the moment from which nothing could leave.
 */
async function offTheWire(host: Machine): Promise<number> {
	return (await host.machine.run(['ip', 'link', 'set', await deviceOf(host), 'down'])).t;
}

async function powerOff(host: Machine): Promise<void> {
	await offTheWire(host);
	await host.host.powerOff();
}

/** Prints the paths of all files below a folder, from there; guests have no find. */
const LIST_FILES =
	'cd "$0" && walk() { for path in "$1"*; do if [ -d "$path" ]; then walk "$path/"; else echo "$path"; fi; done; } ' +
	'&& walk ""';

/** In one lab, for these leave it as it was: each connection has a port of its own. */
describe('two hosts that are on', () => {
	let machines: Machines;

	beforeAll(async () => {
		machines = await makeMachines();
	});

	afterAll(async () => {
		await machines.lab.destroy();
	});

	test('createLab: each machine has the address and the MAC that its host tells, and nothing else', async () => {
		const { client, server } = machines;
		for (const one of [client, server]) {
			expect(await interfaces(one)).toMatchObject([
				{
					address: one.host.mac,
					flags: expect.arrayContaining(['UP', 'LOWER_UP']),
					addr_info: [{ local: one.host.address }],
				},
			]);
		}
		expect(client.host.address).not.toBe(server.host.address);
		expect(client.host.mac).not.toBe(server.host.mac);
	});

	test('createLab: the two reach each other over the wire, both ways', async () => {
		const { client, server } = machines;
		for (const [from, to] of [
			[client, server],
			[server, client],
		] as const) {
			const { near, far } = await connection(from, to, 8081);
			returned(await near.process.call('send', near.fd, 'kodos?'));
			expect(await received(far)).toBe('kodos?');
			returned(await far.process.call('send', far.fd, 'kang!'));
			expect(await received(near)).toBe('kang!');
		}
	});

	test('createLab: and nobody else: the only way that may lead on ends at the engine’s bridge', async () => {
		const { client, server } = machines;
		for (const { host, machine } of [client, server]) {
			const routes = JSON.parse(await output(machine, 'ip', '-j', 'route')) as { dst: string; gateway?: string }[];
			const onTheWire = routes.filter(({ gateway }) => gateway === undefined);
			expect(onTheWire).toEqual([
				expect.objectContaining({ dst: expect.stringMatching(/\/29$/), prefsrc: host.address }),
			]);
			const [wire = ''] = (onTheWire[0]?.dst ?? '').split('/');
			const bridge = wire.replace(/\d+$/, (last) => `${Number(last) + 1}`);
			for (const { gateway } of routes) expect([undefined, bridge]).toContain(gateway);
		}
	});

	test('sysctls: those below net.ipv4 that a machine has', async () => {
		const { client } = machines;
		const { sysctls } = await currentEngine();
		const paths = (await output(client.machine, 'bash', '-c', LIST_FILES, '/proc/sys/net/ipv4')).split('\n');
		const names = paths.map((path) => path.replaceAll('/', '.'));
		const [{ ifname = '' } = {}] = await interfaces(client);
		// The names were asked for where nothing but the loopback was.
		const ofTheWire = names.filter((name) => name.split('.')[1] === ifname);
		expect(ofTheWire).toContain(`conf.${ifname}.rp_filter`);
		expect([...sysctls].sort()).toEqual(names.filter((name) => !ofTheWire.includes(name)).sort());
	});

	test('clock: its now is the agents’, and its sleep ends when it is over or aborted', async () => {
		const {
			lab: { clock },
			client,
			server,
		} = machines;
		const earlier = await client.machine.now();
		const { t, setBy } = await clock.calibrate(() => client.machine.now());
		expect(setBy).toBe(0);
		expect(t).toBeGreaterThanOrEqual(earlier);
		expect(t).toBeLessThanOrEqual(await client.machine.now());
		for (const { machine } of [client, server]) {
			const before = clock.now();
			const there = await machine.now();
			// An agent tells whole microseconds.
			expect(there).toBeGreaterThan(before - clock.precision - 0.000_002);
			expect(there).toBeLessThan(clock.now() + clock.precision + 0.000_002);
		}
		const start = clock.now();
		await clock.sleep(50, new AbortController().signal);
		expect(clock.now() - start).toBeGreaterThan(0.049);
		await clock.sleep(3_600_000, AbortSignal.abort());
	});

	test('kernelTrace: tells of the lab’s sockets, or why it cannot', async () => {
		const { client, server, lab } = machines;
		const trace = await lab.kernelTrace();
		if ('unavailable' in trace) {
			// Root, where tracefs is mounted, must have it: else all that needs it would be skipped, and nobody would notice.
			expect(existsSync('/sys/kernel/tracing/instances') && process.getuid?.() === 0).toBe(false);
			expect(trace.unavailable).not.toBe('');
			return;
		}
		let said = '';
		trace.on('data', (bytes) => {
			said += bytes;
		});
		await connection(client, server, 8082);
		await until(() => said.includes(`daddr=${server.host.address}`) && said.includes('newstate=TCP_ESTABLISHED'));
		trace.destroy();
	});

	test('machine and userland: two agents on one network', async () => {
		const { client, server } = machines;
		await connection(client, server, 8083);
		expect(await sockets(server)).toContainEqual(expect.stringMatching(`^ESTAB 0 0 ${server.host.address}:8083 `));
	});

	test('pause: once it has passed programs are frozen, and their kernel acknowledges; resume: they read it', async () => {
		const { client, server } = machines;
		const { near, far } = await connection(client, server, 8084);
		// A program that is only about to be frozen would read now and then.
		for (let round = 1; round <= 10; round++) {
			let read = false;
			const reading = received(far).finally(() => {
				read = true;
			});
			await server.host.pause();
			await sendAcknowledged(near, 'kodos, are you there?');
			// The machine is not frozen: it tells of its sockets.
			expect(await sockets(server)).toContainEqual(expect.stringMatching(`^ESTAB 21 0 ${server.host.address}:8084 `));
			expect(read).toBe(false);
			await server.host.resume();
			expect(await reading).toBe('kodos, are you there?');
		}
	});

	test('pause: the other host’s programs run', async () => {
		const { client, server } = machines;
		await server.host.pause();
		expect(await output(client.userland, 'echo', 'kang')).toBe('kang');
		await server.host.resume();
		expect(await output(server.userland, 'echo', 'kodos')).toBe('kodos');
	});
});

/** What a connect to another lab may come to, by what the client of this one sees of that address. */
async function errnosOfAnotherLab({ client, server }: Machines, address: string): Promise<string[]> {
	// Where all labs have the same addresses it is this lab’s own server, on which nobody listens.
	if (address === server.host.address) return ['ECONNREFUSED'];
	const routed = (await client.machine.run(['ip', 'route', 'get', address])).status === 0;
	// By way of the engine’s bridge, which drops it (no answer until TCP_USER_TIMEOUT), or says that it does not let it
	// on.
	return routed ? ['ETIMEDOUT', 'EHOSTUNREACH'] : ['ENETUNREACH'];
}

test('createLab: no lab reaches another', () =>
	withMachines((here) =>
		withMachines(async (there) => {
			await connection(there.client, there.server);
			const controlled = await here.client.userland.spawnControlled();
			const fd = returned(await controlled.call('socket'));
			returned(await controlled.call('setsockopt', fd, 'TCP_USER_TIMEOUT', 500));
			const { address } = there.server.host;
			const { errno } = await controlled.call('connect', fd, address, 8080);
			expect(await errnosOfAnotherLab(here, address)).toContain(errno);
			// Nor did it hear of it: there is the listener’s one connection, and nothing else.
			expect((await sockets(there.server)).map((row) => row.split(' ')[0]).sort()).toEqual(['ESTAB', 'LISTEN']);
		}),
	));

describe('createLab: five at a time', () => {
	let made: PromiseSettledResult<EngineLab>[];

	beforeAll(async () => {
		const engine = await currentEngine();
		made = await Promise.allSettled(Array.from({ length: 5 }, () => engine.createLab()));
		await Promise.all(made.map((one) => one.status === 'fulfilled' && one.value.destroy()));
	});

	test('all are made', () => expect(made.filter(({ status }) => status === 'rejected')).toEqual([]));

	testOnOneNetwork('no address twice', async () => {
		const hosts = made.flatMap((one) => (one.status === 'fulfilled' ? Object.values(one.value.hosts) : []));
		expect(new Set(hosts.map(({ address }) => address)).size).toBe(10);
	});
});

test('kill: processes end, and the kernel lets their FIN out; the machine’s agent lives', () =>
	withMachines(async ({ client, server }) => {
		const { near } = await connection(client, server);
		await server.host.kill();
		expect(await received(near)).toBe('');
		expect(await server.userland.closed).toMatchObject({ code: 'AGENT_GONE' });
		await until(async () => (await sockets(server)).some((row) => row.startsWith('FIN-WAIT-2 ')));
	}));

test('kill: also of programs that are frozen', () =>
	withMachines(async ({ client, server }) => {
		const { near } = await connection(client, server);
		await server.host.pause();
		await server.host.kill();
		expect(await received(near)).toBe('');
	}));

test('revive: a userland that works, on the same machine', () =>
	withMachines(async ({ client, server }) => {
		for (const port of [8081, 8082]) {
			await server.host.kill();
			const userland = await Agent.connect(await server.host.revive(), 'revived');
			const { near, far } = await connection(client, { ...server, userland }, port);
			returned(await near.process.call('send', near.fd, 'again'));
			expect(await received(far)).toBe('again');
		}
	}));

test('powerOff, when the wire was cut: the other host hears nothing, and its agents are gone', () =>
	withMachines(async ({ client, server }) => {
		const { near } = await connection(client, server);
		let heard = '';
		const capture = await client.machine.spawn(
			['tcpdump', '-Z', 'root', '-i', await deviceOf(client), '-nn', '-tt', '-l', '--immediate-mode', 'ip'],
			{
				out: (bytes) => {
					heard += bytes;
				},
				err: (bytes) => {
					heard += bytes;
				},
			},
		);
		await until(() => heard.includes('listening on'));
		const cutAt = await offTheWire(server);
		await server.host.powerOff();
		expect(await server.machine.closed).toMatchObject({ code: 'AGENT_GONE' });
		expect(await server.userland.closed).toMatchObject({ code: 'AGENT_GONE' });
		returned(await near.process.call('send', near.fd, 'kodos?'));
		await until(() => heard.includes('length 6'));
		const late = heard
			.split('\n')
			.filter((line) => line.includes(`IP ${server.host.address}.`) && Number.parseFloat(line) > cutAt);
		expect(late).toEqual([]);
		expect(await near.process.call('poll', near.fd, ['POLLIN'], 0)).toMatchObject({ returned: 0 });
		await capture.signal('SIGTERM');
	}));

test('powerOn: the same address and MAC, no socket, and sysctls as they were at first', () =>
	withMachines(async ({ client, server }) => {
		await connection(client, server);
		const before = await output(server.machine, 'cat', FIN_TIMEOUT);
		await output(server.machine, 'sh', '-c', `echo 7 >${FIN_TIMEOUT}`);
		await powerOff(server);
		await server.host.powerOn();
		const again = await reach(server.host);
		expect(await interfaces(again)).toMatchObject([
			{ address: server.host.mac, addr_info: [{ local: server.host.address }] },
		]);
		expect(await sockets(again)).toEqual([]);
		expect(await output(again.machine, 'cat', FIN_TIMEOUT)).toBe(before);
		await connection(client, again, 8081);
	}));

test('powerOff and powerOn: also of a host whose agents have ended', () =>
	withMachines(async ({ client, server }) => {
		await Promise.all([server.machine.close(), server.userland.close()]);
		await server.host.powerOff();
		await server.host.powerOn();
		await connection(client, await reach(server.host));
	}));

test('power: a host that goes off and on changes nothing about the other’s interface', () =>
	withMachines(async ({ client, server }) => {
		const before = await interfaces(client);
		let changes = '';
		const monitor = await client.machine.spawn(['ip', '-o', 'monitor', 'link', 'address'], {
			out: (bytes) => {
				changes += bytes;
			},
		});
		/** Every change to a link is told: one of ours shows that it listens, and that all before it was told. */
		const tell = async (mtu: number) => {
			await until(async () => {
				await output(client.machine, 'ip', 'link', 'set', 'lo', 'mtu', String(mtu));
				await output(client.machine, 'ip', 'link', 'set', 'lo', 'mtu', '65536');
				return changes.includes(`mtu ${mtu} `);
			});
		};
		await tell(60_001);
		await powerOff(server);
		await server.host.powerOn();
		await tell(60_002);
		await monitor.signal('SIGTERM');
		expect(changes.split('\n').filter((line) => line !== '' && !/^\d+: lo[: ]/.test(line))).toEqual([]);
		expect(await interfaces(client)).toEqual(before);
	}));

test('a host that is off, or whose programs were killed, says so: HOST_OFF', () =>
	withMachines(async ({ client, server }) => {
		await client.host.kill();
		await powerOff(server);
		for (const { host } of [client, server]) {
			expect(() => host.boot).toThrow(expect.objectContaining({ code: 'HOST_OFF' }));
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
		expect(await inventory.addresses()).toEqual(expect.arrayContaining([client.host.address]));
		await lab.destroy();
		const addresses = await inventory.addresses();
		for (const { host } of [client, server]) expect(addresses).not.toContain(host.address);
	}),
);

async function destroyAfter(
	befall: (machines: { client: Machine; server: Machine }) => Promise<unknown>,
): Promise<void> {
	await withMachines(async ({ lab, client, server }) => {
		await befall({ client, server });
		await lab.destroy();
		const addresses = await inventory.addresses();
		for (const { host } of [client, server]) expect(addresses).not.toContain(host.address);
	});
}

test.each<[string, Parameters<typeof destroyAfter>[0]]>([
	['programs that are frozen', async ({ client, server }) => Promise.all([client.host.pause(), server.host.pause()])],
	['programs that were killed', async ({ client, server }) => Promise.all([client.host.kill(), server.host.kill()])],
	['a host that is off', async ({ server }) => powerOff(server)],
	[
		'agents that have ended',
		async ({ client, server }) => Promise.all([client.machine.close(), server.userland.close()]),
	],
])('destroy: also of %s', (_what, befall) => destroyAfter(befall));

testIfReached('destroy: also of a userland that somebody else has killed', () =>
	destroyAfter(({ client }) => inventory.killUserland(client.host.address)),
);
