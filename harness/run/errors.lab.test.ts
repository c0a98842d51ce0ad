/**
 * The errors of a lab: one type, a code each, a message with cause and remedy. The lab can be used after each of them.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Engine, EngineLab } from '../engines/engine.ts';
import { type ErrorCode, HalfopenError } from '../errors.ts';
import type { PacketMatch } from '../faults/packets.ts';
import { Lab } from '../lab/lab.ts';
import { currentEngine } from './current.ts';
import { inventory } from './fixtures/inventory.ts';

/** Creating hosts takes longer on a busy machine. */
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

/** Expects that some work rejects with this code, and that the message contains all these words. */
async function expectError(
	work: () => unknown,
	code: ErrorCode,
	...words: readonly (string | RegExp)[]
): Promise<void> {
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

/** Returns the engine, and a list of the addresses of all clients that it creates. */
function watched(engine: Engine): { engine: Engine; clients: string[] } {
	const clients: string[] = [];
	const createLab = async (): Promise<EngineLab> => {
		const engineLab = await engine.createLab();
		clients.push(engineLab.subnet.client.address);
		return engineLab;
	};
	return { engine: { ...engine, createLab }, clients };
}

test('an unknown sysctl: the error has the nearest names, and no host is created', async () => {
	const { engine, clients } = watched(await currentEngine());
	await expectError(
		() => Lab.create(engine, { sysctls: { tcp_retires2: 3 } }),
		'SYSCTL_UNKNOWN',
		'net.ipv4.tcp_retires2',
		/nearest: tcp_retries2,/,
	);
	expect(clients).toEqual([]);
	await expectError(() => lab.client.sysctl({ tcp_keepalive_tim: 1 }), 'SYSCTL_UNKNOWN', 'tcp_keepalive_time');
});

test('a value that the kernel refuses: the new host is removed', async () => {
	const { engine, clients } = watched(await currentEngine());
	const values = { tcp_congestion_control: 'pigeon' };
	await expectError(
		() => Lab.create(engine, { sysctls: values }),
		'SYSCTL_REFUSED',
		'tcp_congestion_control = pigeon',
		'ip-sysctl',
	);
	expect(clients).toHaveLength(1);
	expect(await inventory.addresses()).not.toContain(clients[0]);
	await expectError(() => lab.client.sysctl(values), 'SYSCTL_REFUSED', 'its value is reno');
});

test.each([0, -1, 65_536, 1.5, Number.NaN])('port %p is invalid', async (port) => {
	const { client, server } = lab;
	for (const use of [
		() => server.port(port),
		() => server.nc({ listen: port }),
		() => client.drop({ destinationPort: port }),
	]) {
		await expectError(use, 'PORT_OUT_OF_RANGE', `${port} is not a TCP port`, '1 to 65535');
	}
});

test.each<[string, string]>([
	['SYN', 'two lists'],
	['SYN,XMAS SYN', 'XMAS is not a flag'],
	['NONE SYN', 'the list of flags to check is empty'],
	['SYN SYN,ACK', 'ACK must be set but is not in the list of flags to check'],
])('flags “%s” cannot be matched: %s', async (tcpFlags, why) => {
	await expectError(() => lab.server.drop({ tcpFlags }), 'FLAGS_IMPOSSIBLE', why, 'SYN,RST,ACK SYN,ACK');
});

test.each<PacketMatch>([
	{ every: 0 },
	{ probability: 2 },
	{ nth: 101 },
	{ nth: 1, every: 2 },
	{ length: -1 },
	{ option: 256 },
	{ payload: '' },
])('%p is an invalid part of packets', async (match) => {
	await expectError(() => lab.server.drop(match), 'OPTION_INVALID', 'cannot be');
});

test('a name that is taken, and an invalid name', async () => {
	const { client, server } = lab;
	await server.nc({ listen: 7001, name: 'listener' });
	await expectError(
		() => client.nc({ connect: server.port(7001), name: 'listener' }),
		'NAME_TAKEN',
		'“listener” is already in use',
		'Choose another name',
	);
	await expectError(() => server.drop({ name: 'Listener!' }), 'NAME_INVALID', 'is not a valid name');
});

test('a program that the host does not have', async () => {
	await expectError(
		() => lab.client.run(['no-such-tool', '--now']),
		'TOOL_MISSING',
		'“no-such-tool”',
		lab.client.context.programRemedy,
	);
});

test('a program that ends before it is ready', async () => {
	const { client, server } = lab;
	await expectError(
		() => client.nc({ connect: server.port(7002) }),
		'PEER_EXITED',
		/before it was connected: status 1/,
		'ECONNREFUSED',
	);
});

test('typing to a program that has ended, and sending it a signal', async () => {
	const peer = await lab.client.run(['true']);
	await peer.ended;
	await expectError(() => peer.type('hello\n'), 'PEER_EXITED', 'exited with status 0');
	await expectError(() => peer.interrupt(), 'PEER_EXITED', 'SIGINT');
});

test('a fault without effect: heal rejects', async () => {
	const fault = await lab.server.drop({ destinationPort: 7003 });
	await expectError(() => fault.heal(), 'FAULT_WITHOUT_EFFECT', '--dport 7003', 'no packet matched it');
});

test('a paused host starts no program until the pause is healed', async () => {
	const { server } = lab;
	const fault = await server.pause();
	await expectError(() => server.nc({ listen: 7004 }), 'HOST_PAUSED', 'programs are frozen', 'Heal the pause');
	await fault.heal();
	await server.nc({ listen: 7004 });
});

test('a host that is off rejects everything, including power-off, until it is on', async () => {
	const { server } = lab;
	await server.powerOff();
	await expectError(() => server.nc({ listen: 7005 }), 'HOST_OFF', 'power is off', 'await server.powerOn()');
	await expectError(() => server.powerOff(), 'HOST_OFF');
	await expectError(() => server.drop(), 'HOST_OFF');
	await server.powerOn();
	await server.nc({ listen: 7005 });
});
