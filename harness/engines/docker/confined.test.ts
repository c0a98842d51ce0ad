import { expect, test } from '@jest/globals';
import { confinedMachine } from './confined.ts';

const { ReadonlyPaths: paths = [] } = confinedMachine(['kernel', 'net', 'vm', 'of-a-module']);

test('all of /proc/sys is read-only except net, including folders that only this machine has', () => {
	expect(paths).toEqual(
		expect.arrayContaining(['/proc/sys/kernel', '/proc/sys/vm', '/proc/sys/of-a-module', '/proc/sys/fs']),
	);
	expect(paths).not.toContain('/proc/sys/net');
	expect(paths).not.toContain('/proc/sys');
});

test('keeps the defaults of the engine', () => {
	// moby, oci/defaults.go.
	expect(paths).toEqual(expect.arrayContaining(['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sysrq-trigger']));
	expect(confinedMachine([])).not.toHaveProperty('MaskedPaths');
	expect(confinedMachine([])).not.toHaveProperty('Privileged');
});
