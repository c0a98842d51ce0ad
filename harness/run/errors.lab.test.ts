/**
 * What a lab refuses, and how: one error type, a code of its own, a message with cause and remedy; and the lab is none
 * the worse for it.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Engine, EngineLab } from '../engines/engine.ts';
import { type ErrorCode, HalfopenError } from '../errors.ts';
import type { PacketMatch } from '../faults/packets.ts';
import { Lab } from '../lab/lab.ts';
import { currentEngine } from './current.ts';
import { inventory } from './fixtures/inventory.ts';

/** For making hosts on a busy machine. */
jest.setTimeout(120_000);

let lab: Lab;

beforeAll(async () => {
	lab = await Lab.create(await currentEngine());
});

afterAll(async () => {
	await lab.end();
	await lab.destroy();
	expect(await inventory.addresses()).not.toContain(lab.client.address);
});

/** Work that fails as it should: with this code, and a message that has all these words. */
async function refused(work: () => unknown, code: ErrorCode, ...words: readonly (string | RegExp)[]): Promise<void> {
	const failure = await Promise.resolve()
		.then(work)
		.then(
			() => undefined,
			(error: unknown) => error,
		);
	expect(failure).toBeInstanceOf(HalfopenError);
	const { message, remedy } = failure as HalfopenError;
	expect(message).toContain(`[${code}]`);
	expect(remedy).not.toBe('');
	for (const word of words) expect(message).toMatch(word);
}

/** The engine, which also tells the addresses of the clients that it made. */
function watched(engine: Engine): { engine: Engine; made: string[] } {
	const made: string[] = [];
	const createLab = async (): Promise<EngineLab> => {
		const engineLab = await engine.createLab();
		made.push(engineLab.hosts.client.address);
		return engineLab;
	};
	return { engine: { ...engine, createLab }, made };
}

test('a sysctl that no host has: the nearest names are told, and nothing was started', async () => {
	const { engine, made } = watched(await currentEngine());
	await refused(
		() => Lab.create(engine, { sysctls: { tcp_retires2: 3 } }),
		'SYSCTL_UNKNOWN',
		'net.ipv4.tcp_retires2',
		/nearest: tcp_retries2,/,
	);
	expect(made).toEqual([]);
	await refused(() => lab.client.sysctl({ tcp_keepalive_tim: 1 }), 'SYSCTL_UNKNOWN', 'tcp_keepalive_time');
});

test('a value that the kernel refuses: the host that was made for it goes again', async () => {
	const { engine, made } = watched(await currentEngine());
	const values = { tcp_congestion_control: 'pigeon' };
	await refused(
		() => Lab.create(engine, { sysctls: values }),
		'SYSCTL_REFUSED',
		'tcp_congestion_control = pigeon',
		'ip-sysctl',
	);
	expect(made).toHaveLength(1);
	expect(await inventory.addresses()).not.toContain(made[0]);
	await refused(() => lab.client.sysctl(values), 'SYSCTL_REFUSED', 'its value is reno');
});

test.each([0, -1, 65_536, 1.5, Number.NaN])('port %p is none', async (port) => {
	const { client, server } = lab;
	for (const use of [
		() => server.port(port),
		() => server.nc({ listen: port }),
		() => client.drop({ destinationPort: port }),
	]) {
		await refused(use, 'PORT_OUT_OF_RANGE', `${port} is not a TCP port`, '1 to 65535');
	}
});

test.each<[string, string]>([
	['SYN', 'two lists'],
	['SYN,XMAS SYN', 'XMAS is not a flag'],
	['NONE SYN', 'the list of compared flags is empty'],
	['SYN SYN,ACK', 'ACK must be set but is not in the list of compared flags'],
])('flags “%s” cannot be matched: %s', async (tcpFlags, why) => {
	await refused(() => lab.server.drop({ tcpFlags }), 'FLAGS_IMPOSSIBLE', why, 'SYN,RST,ACK SYN,ACK');
});

test.each<PacketMatch>([{ every: 0 }, { probability: 2 }])('%p is no part of packets', async (match) => {
	await refused(() => lab.server.drop(match), 'OPTION_INVALID', 'cannot be');
});

test('a name that is taken, and one that cannot be a name', async () => {
	const { client, server } = lab;
	await server.nc({ listen: 7001, name: 'kodos' });
	await refused(
		() => client.nc({ connect: server.port(7001), name: 'kodos' }),
		'NAME_TAKEN',
		'“kodos” is taken',
		'Choose another name',
	);
	await refused(() => server.drop({ name: 'Kodos!' }), 'NAME_INVALID', 'is not a valid name');
});

test('a program that the host does not have', async () => {
	await refused(
		() => lab.client.run(['no-such-tool', '--now']),
		'TOOL_MISSING',
		'“no-such-tool”',
		lab.client.context.programRemedy,
	);
});

test('a program that ends before it has come so far', async () => {
	const { client, server } = lab;
	await refused(
		() => client.nc({ connect: server.port(7002) }),
		'PEER_EXITED',
		/before it was connected: status 1/,
		'ECONNREFUSED',
	);
});

test('typing to a program that has ended, and signalling it', async () => {
	const peer = await lab.client.run(['true']);
	await peer.ended;
	await refused(() => peer.type('hello\n'), 'PEER_EXITED', 'exited with status 0');
	await refused(() => peer.interrupt(), 'PEER_EXITED', 'SIGINT');
});

test('a fault that breaks nothing says so when it is healed', async () => {
	const fault = await lab.server.drop({ destinationPort: 7003 });
	await refused(() => fault.heal(), 'FAULT_WITHOUT_EFFECT', '--dport 7003', 'no packet matched it');
});

test('a host that is paused starts no program until it is thawed', async () => {
	const { server } = lab;
	const fault = await server.pause();
	await refused(() => server.nc({ listen: 7004 }), 'HOST_PAUSED', 'programs are frozen', 'Heal the pause');
	await fault.heal();
	await server.nc({ listen: 7004 });
});

test('a host that is off does nothing, not even go off, until it is on', async () => {
	const { server } = lab;
	await server.powerOff();
	await refused(() => server.nc({ listen: 7005 }), 'HOST_OFF', 'power is off', 'await server.powerOn()');
	await refused(() => server.powerOff(), 'HOST_OFF');
	await refused(() => server.drop(), 'HOST_OFF');
	await server.powerOn();
	await server.nc({ listen: 7005 });
});
