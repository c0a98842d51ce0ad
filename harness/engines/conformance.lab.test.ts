/**
 * The contract of an engine with the harness (engine.ts), clause by clause, on the engine of this run. The tests use
 * the agents only, without the layers above the engine. conformance-power.lab.test.ts has the rest.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { until } from '../agent/fixture.ts';
import { endpointText } from '../formats/address.ts';
import { versionOf } from '../lab/family.ts';
import { DEVICE } from '../lab/wire.ts';
import { currentEngine } from '../run/current.ts';
import { testUnlessOn } from '../run/fixtures/on-engine.ts';
import {
	connection,
	interfaces,
	type Machines,
	makeMachines,
	output,
	received,
	returned,
	sendAcknowledged,
	sockets,
	withMachines,
} from './fixtures/machines.ts';

/** Creating hosts takes longer on a busy machine. */
jest.setTimeout(120_000);

const testOnOneNetwork = testUnlessOn('vm', 'each lab has a guest to itself, so all labs have the same addresses');

/** Prints the relative paths of all files below a folder. Guests have no find. */
const LIST_FILES =
	'cd "$0" && walk() { for path in "$1"*; do if [ -d "$path" ]; then walk "$path/"; else echo "$path"; fi; done; } ' +
	'&& walk ""';

/** A route, as `ip` shows it. */
interface Route {
	readonly dst: string;
}

/** These tests share a lab, because they do not change it. Each connection has another port. */
describe('two running hosts', () => {
	let machines: Machines;

	beforeAll(async () => {
		machines = await makeMachines();
	});

	afterAll(async () => {
		await machines.lab.destroy();
	});

	test('powerOn: each machine has exactly the interface, address and MAC that the harness gave it', async () => {
		const { client, server } = machines;
		for (const one of [client, server]) {
			expect(await interfaces(one)).toMatchObject([
				{
					ifname: DEVICE,
					address: one.mac,
					flags: expect.arrayContaining(['UP', 'LOWER_UP']),
					addr_info: [{ local: one.address }],
				},
			]);
		}
		expect(client.address).not.toBe(server.address);
		expect(client.mac).not.toBe(server.mac);
	});

	test('createLab: the hosts reach each other over the wire, in both directions', async () => {
		const { client, server } = machines;
		for (const [from, to] of [
			[client, server],
			[server, client],
		] as const) {
			const { near, far } = await connection(from, to, 8081);
			returned(await near.process.call('send', near.fd, 'hello?'));
			expect(await received(far)).toBe('hello?');
			returned(await far.process.call('send', far.fd, 'hello!'));
			expect(await received(near)).toBe('hello!');
		}
	});

	test('createLab: neither the hosts nor the wire have a route to anything else', async () => {
		const { client, server } = machines;
		for (const { address, machine } of [client, server]) {
			const routes = (version: string): Promise<Route[]> =>
				output(machine, 'ip', version, '-j', 'route').then(JSON.parse);
			const beyondLink = [...(await routes('-4')), ...(await routes('-6'))].filter(({ dst }) => dst !== 'fe80::/64');
			const isIpv6 = versionOf(address) === 'ipv6';
			expect(beyondLink).toEqual([
				isIpv6
					? expect.objectContaining({ dst: expect.stringMatching(/::\/64$/) })
					: expect.objectContaining({ dst: expect.stringMatching(/\/29$/), prefsrc: address }),
			]);
			expect(beyondLink[0]).not.toHaveProperty('gateway');
		}
		for (const version of ['-4', '-6'])
			expect(JSON.parse(await output(await machines.wire.agent, 'ip', version, '-j', 'route'))).toEqual([]);
	});

	test('sysctls: returns those below net.ipv4 of a machine', async () => {
		const { client } = machines;
		const { sysctls } = await currentEngine();
		const paths = (await output(client.machine, 'bash', '-c', LIST_FILES, '/proc/sys/net/ipv4')).split('\n');
		const names = paths.map((path) => path.replaceAll('/', '.'));
		// The engine reads the names in a network namespace that has only the loopback.
		const ofDevice = names.filter((name) => name.split('.')[1] === DEVICE);
		expect(ofDevice).toContain(`conf.${DEVICE}.rp_filter`);
		expect([...sysctls].sort()).toEqual(names.filter((name) => !ofDevice.includes(name)).sort());
	});

	test('clock: now is the time of the agents, and sleep ends in time or when aborted', async () => {
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
			const time = await machine.now();
			// An agent reports whole microseconds.
			expect(time).toBeGreaterThan(before - clock.precision - 0.000_002);
			expect(time).toBeLessThan(clock.now() + clock.precision + 0.000_002);
		}
		const start = clock.now();
		await clock.sleep(50, new AbortController().signal);
		expect(clock.now() - start).toBeGreaterThan(0.049);
		await clock.sleep(3_600_000, AbortSignal.abort());
	});

	test('kernelTrace: contains the lab’s sockets, or returns the reason why it is unavailable', async () => {
		const { client, server, lab } = machines;
		const trace = await lab.kernelTrace();
		if ('unavailable' in trace) {
			// Root must get the trace if tracefs is mounted. Otherwise all tests that need it would be skipped unnoticed.
			expect(existsSync('/sys/kernel/tracing/instances') && process.getuid?.() === 0).toBe(false);
			expect(trace.unavailable).not.toBe('');
			return;
		}
		let text = '';
		trace.on('data', (bytes) => {
			text += bytes;
		});
		await connection(client, server, 8082);
		// An IPv4 socket has both fields.
		const field = versionOf(server.address) === 'ipv6' ? 'daddrv6' : 'daddr';
		await until(() => text.includes(` ${field}=${server.address}`) && text.includes('newstate=TCP_ESTABLISHED'));
		trace.destroy();
	});

	test('machine and userland: both agents are in the same network namespace', async () => {
		const { client, server } = machines;
		await connection(client, server, 8083);
		expect(await sockets(server)).toContainEqual(
			expect.stringContaining(`ESTAB 0 0 ${endpointText({ address: server.address, port: 8083 })} `),
		);
	});

	test('pause: programs are frozen, and the kernel still acknowledges; resume: they read the data', async () => {
		const { client, server } = machines;
		const { near, far } = await connection(client, server, 8084);
		// Ten rounds, because a program that is not frozen yet would read only sometimes.
		for (let round = 1; round <= 10; round++) {
			let read = false;
			const reading = received(far).finally(() => {
				read = true;
			});
			await server.host.pause();
			await sendAcknowledged(near, 'hello, are you there?');
			// The machine is not frozen.
			expect(await sockets(server)).toContainEqual(
				expect.stringContaining(`ESTAB 21 0 ${endpointText({ address: server.address, port: 8084 })} `),
			);
			expect(read).toBe(false);
			await server.host.resume();
			expect(await reading).toBe('hello, are you there?');
		}
	});

	test('pause: the programs of the other host still run', async () => {
		const { client, server } = machines;
		await server.host.pause();
		expect(await output(client.userland, 'echo', 'alive')).toBe('alive');
		await server.host.resume();
		expect(await output(server.userland, 'echo', 'alive')).toBe('alive');
	});
});

test('createLab: no lab can connect to another', () =>
	withMachines((here) =>
		withMachines(async (there) => {
			await connection(there.client, there.server);
			const controlled = await here.client.userland.spawnControlled();
			const { address } = there.server;
			const fd = returned(await controlled.call('socket', versionOf(address) === 'ipv6' ? 'AF_INET6' : 'AF_INET'));
			// If all labs have the same addresses, this is the server of this lab, where nothing listens.
			const errno = address === here.server.address ? 'ECONNREFUSED' : 'ENETUNREACH';
			expect(await controlled.call('connect', fd, address, 8080)).toMatchObject({ errno });
			// The other lab has only its own connection and listener.
			expect((await sockets(there.server)).map((row) => row.split(' ')[0]).sort()).toEqual(['ESTAB', 'LISTEN']);
		}),
	));

describe('createLab: five concurrent calls', () => {
	let labs: PromiseSettledResult<Machines>[];

	beforeAll(async () => {
		labs = await Promise.allSettled(Array.from({ length: 5 }, () => makeMachines()));
		await Promise.all(labs.map((one) => one.status === 'fulfilled' && one.value.lab.destroy()));
	});

	test('all succeed', () => expect(labs.filter(({ status }) => status === 'rejected')).toEqual([]));

	testOnOneNetwork('no address is used twice', async () => {
		const hosts = labs.flatMap((one) => (one.status === 'fulfilled' ? [one.value.client, one.value.server] : []));
		expect(new Set(hosts.map(({ address }) => address)).size).toBe(10);
	});
});
