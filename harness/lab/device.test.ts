import { expect, test } from '@jest/globals';
import type { Agent } from '../agent/agent.ts';
import type { LabClock } from '../engines/engine.ts';
import type { HostIdentity } from './boot.ts';
import { deviceOf } from './device.ts';

const IDENTITY = { mac: '02:00:00:00:00:01', address: '10.0.0.1' } as HostIdentity;

/** Looks for the interface on a machine where it has these states, one after the other; the last one stays. */
function machineIn(...states: readonly string[]) {
	const left = [...states];
	const run = async () => {
		const operstate = left.length > 1 ? left.shift() : left[0];
		const eth0 = { ifname: 'eth0', address: IDENTITY.mac, operstate, addr_info: [{ local: IDENTITY.address }] };
		return { out: JSON.stringify([{ ifname: 'lo', operstate: 'UNKNOWN', addr_info: [] }, eth0]) };
	};
	const sleeps: number[] = [];
	const clock = { sleep: async (ms: number) => void sleeps.push(ms) };
	return { found: deviceOf({ run } as unknown as Agent, IDENTITY, clock as unknown as LabClock), sleeps };
}

test('an interface is found by its MAC and address, whether or not its driver reports a carrier', async () => {
	for (const state of ['UP', 'UNKNOWN']) {
		const { found, sleeps } = machineIn(state);
		expect(await found).toBe('eth0');
		expect(sleeps).toEqual([]);
	}
});

test('resolves only when the kernel has processed the carrier', async () => {
	const { found, sleeps } = machineIn('DOWN', 'DOWN', 'UP');
	expect(await found).toBe('eth0');
	expect(sleeps).toHaveLength(2);
});

test('an interface without a carrier is ENGINE_REFUSED, with its state', async () => {
	const { found } = machineIn('LOWERLAYERDOWN');
	await expect(found).rejects.toMatchObject({
		code: 'ENGINE_REFUSED',
		seen: 'operstate LOWERLAYERDOWN for 20 s',
	});
});
