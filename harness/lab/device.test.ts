import { expect, test } from '@jest/globals';
import type { Agent } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { configureDevice, type HostIdentity } from './device.ts';

const IDENTITY = {
	addresses: ['10.0.0.1'],
	peer: { addresses: ['10.0.0.2'], mac: '02:00:00:00:00:02' },
} as unknown as HostIdentity;

/** Configures the interface of a machine where it has these states, one after the other; the last one stays. */
function machineIn(states: readonly string[], isPlugged = true, identity = IDENTITY, scriptStatus = 0) {
	const left = [...states];
	const inputs: string[] = [];
	const scripts: (string | undefined)[] = [];
	const run = async (argv: readonly string[], { input = '' }: { input?: string } = {}) => {
		if (argv[0] === 'sh') {
			scripts.push(argv[2]);
			return { status: scriptStatus, out: '', err: 'why' };
		}
		inputs.push(input);
		const operstate = left.length > 1 ? left.shift() : left[0];
		const eth0 = { ifname: 'eth0', operstate, mtu: 1500, gso_max_segs: 1 };
		return { status: 0, out: JSON.stringify([{ ifname: 'lo', operstate: 'UNKNOWN', gso_max_segs: 1 }, eth0]) };
	};
	const sleeps: number[] = [];
	const clock = { sleep: async (ms: number) => void sleeps.push(ms) };
	const machine = { name: 'client (machine)', run } as unknown as Agent;
	return {
		configured: configureDevice(machine, identity, { offloads: 'off', isPlugged }, clock as unknown as LabClock),
		sleeps,
		inputs,
		scripts,
	};
}

test('the interface gets its address and its neighbour in one command', async () => {
	const { configured, sleeps, inputs } = machineIn(['UP']);
	expect(await configured).toBe(1500);
	expect(sleeps).toEqual([]);
	expect(inputs).toHaveLength(1);
	expect(inputs[0]).toContain('address add 10.0.0.1/29 brd + dev eth0\n');
	expect(inputs[0]).toContain('neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev eth0 nud permanent\n');
});

test('IPv6 is enabled first, and its address can be used at once', async () => {
	const identity = { addresses: ['2001:2::2'], peer: { addresses: ['2001:2::3'], mac: '02:00:00:00:00:02' } };
	const { configured, inputs, scripts } = machineIn(['UP'], true, identity as unknown as HostIdentity);
	expect(await configured).toBe(1500);
	expect(scripts).toEqual([expect.stringContaining('disable_ipv6')]);
	// The kernel removes IPv6 addresses from a device that goes down, and has none for one that is down.
	expect(inputs[0]).toMatch(/^link set eth0 up\naddress add 2001:2::2\/64 nodad dev eth0\n/);
	expect(inputs[0]).toContain('neigh replace 2001:2::3 lladdr 02:00:00:00:00:02 dev eth0 nud permanent\n');
});

test.each([
	[3, 'KERNEL_FEATURE_MISSING'],
	[1, 'ENGINE_REFUSED'],
])('if the script that enables IPv6 ends with status %d, that is %s', async (status, code) => {
	const identity = { addresses: ['2001:2::2'], peer: { addresses: [], mac: '' } } as unknown as HostIdentity;
	const { configured, inputs } = machineIn(['UP'], true, identity, status);
	await expect(configured).rejects.toMatchObject({ code });
	expect(inputs).toEqual([]);
});

test('resolves only when the kernel has processed the carrier', async () => {
	const { configured, sleeps } = machineIn(['UNKNOWN', 'DOWN', 'UP']);
	expect(await configured).toBe(1500);
	expect(sleeps).toHaveLength(2);
});

test('an interface without a carrier is ENGINE_REFUSED, with its state', async () => {
	const { configured } = machineIn(['LOWERLAYERDOWN']);
	await expect(configured).rejects.toMatchObject({
		code: 'ENGINE_REFUSED',
		seen: 'operstate LOWERLAYERDOWN for 20 s',
	});
});

test('one whose cable is unplugged is not waited for', async () => {
	const { configured, sleeps } = machineIn(['LOWERLAYERDOWN'], false);
	expect(await configured).toBe(1500);
	expect(sleeps).toEqual([]);
});
