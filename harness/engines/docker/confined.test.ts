import { expect, test } from '@jest/globals';
import { confinedMachine } from './confined.ts';

const { ReadonlyPaths: paths = [] } = confinedMachine(['kernel', 'net', 'vm', 'of-a-module']);

test('all of /proc/sys is read only, also what only this engine has, but the network’s', () => {
	expect(paths).toEqual(
		expect.arrayContaining(['/proc/sys/kernel', '/proc/sys/vm', '/proc/sys/of-a-module', '/proc/sys/fs']),
	);
	expect(paths).not.toContain('/proc/sys/net');
	expect(paths).not.toContain('/proc/sys');
});

test('so is what an engine keeps read only by itself', () => {
	// moby, oci/defaults.go.
	expect(paths).toEqual(expect.arrayContaining(['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sysrq-trigger']));
	expect(confinedMachine([])).not.toHaveProperty('MaskedPaths');
	expect(confinedMachine([])).not.toHaveProperty('Privileged');
});
