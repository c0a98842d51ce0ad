import { expect, test } from '@jest/globals';
import type { Agent } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import { configureDevice, type HostIdentity } from './device.ts';

const IDENTITY = {
	address: '10.0.0.1',
	peer: { address: '10.0.0.2', mac: '02:00:00:00:00:02' },
} as HostIdentity;

/** Configures the interface of a machine where it has these states, one after the other; the last one stays. */
function machineIn(states: readonly string[], isPlugged = true) {
	const left = [...states];
	const inputs: string[] = [];
	const run = async (_argv: readonly string[], { input }: { input: string }) => {
		inputs.push(input);
		const operstate = left.length > 1 ? left.shift() : left[0];
		const eth0 = { ifname: 'eth0', operstate, mtu: 1500, gso_max_segs: 1 };
		return { status: 0, out: JSON.stringify([{ ifname: 'lo', operstate: 'UNKNOWN', gso_max_segs: 1 }, eth0]) };
	};
	const sleeps: number[] = [];
	const clock = { sleep: async (ms: number) => void sleeps.push(ms) };
	const machine = { name: 'client (machine)', run } as unknown as Agent;
	return {
		configured: configureDevice(machine, IDENTITY, { offloads: 'off', isPlugged }, clock as unknown as LabClock),
		sleeps,
		inputs,
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
