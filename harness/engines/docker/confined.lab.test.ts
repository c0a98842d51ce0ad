/** A host's containers can do no more to their machine than docs/engines.md says. */
import { expect, jest } from '@jest/globals';
import type { Agent } from '../../agent/agent.ts';
import { testOn } from '../../run/fixtures/on-engine.ts';
import { output, withMachines, writable } from '../fixtures/machines.ts';

/** Creating hosts takes longer on a busy machine. */
jest.setTimeout(120_000);
const testOnDocker = testOn('docker', 'about what a container may write');

/** Returns the separate mounts below /proc, and the options of each. */
async function mountsBelowProc(agent: Agent): Promise<Map<string, string>> {
	const lines = (await output(agent, 'cat', '/proc/mounts')).split('\n').map((line) => line.split(' '));
	return new Map(
		lines.flatMap(([, path = '', , options = '']) => (path.startsWith('/proc/') ? [[path, options] as const] : [])),
	);
}

testOnDocker('a host can open no file of the kernel for writing, except those of its own network', async () => {
	await withMachines(async ({ client: { machine, userland } }) => {
		for (const agent of [machine, userland])
			expect(await writable(agent, '/proc/sys', '/proc/irq', '/proc/bus', '/proc/fs', '/sys')).toBe('');
		// The test is meaningful only if there are writable files.
		expect(
			Number(
				await output(machine, 'sh', '-c', 'find /proc/sys/kernel /proc/sys/vm /proc/sys/fs -type f -perm /222 | wc -l'),
			),
		).toBeGreaterThan(20);
		expect(await output(machine, 'sh', '-c', '[ ! -w /proc/sys/kernel/core_pattern ] && echo refused')).toBe('refused');
		// Opening some files for writing has an effect. So their mounts are checked instead.
		const mounts = await mountsBelowProc(machine);
		const paths = (
			await output(
				machine,
				'sh',
				'-c',
				'ls -d /proc/sys/* /proc/sysrq-trigger /proc/irq /proc/bus /proc/fs 2>/dev/null || :',
			)
		).split('\n');
		for (const path of paths.filter((one) => one !== '/proc/sys/net'))
			expect([path, mounts.get(path)]).toEqual([path, expect.stringMatching(/^ro\b/)]);

		expect(await writable(machine, '/proc/sys/net/ipv4')).toContain('/proc/sys/net/ipv4/tcp_retries2');
		expect(await writable(userland, '/proc/sys/net/ipv4')).toBe('');
	});
});

testOnDocker('root in a container has no devices, cannot mount, and has only the documented capabilities', async () => {
	await withMachines(async ({ client: { machine, userland } }) => {
		for (const agent of [machine, userland]) {
			for (const command of [
				'mount -t tmpfs tmpfs /srv',
				'umount /proc/sys/kernel',
				'mount -o remount,bind,rw /proc/sys/kernel',
			])
				expect((await agent.run(['sh', '-c', command])).status).not.toBe(0);
			// No device has this number, so the error cannot come from a device.
			expect((await agent.run(['sh', '-c', 'mknod /tmp/device b 254 250 && exec 3</tmp/device'])).status).not.toBe(0);
			expect(await output(agent, 'find', '/dev', '-type', 'b')).toBe('');
			expect(await output(agent, 'grep', 'NoNewPrivs', '/proc/self/status')).toBe('NoNewPrivs:\t1');
		}
		// capabilities(7): CHOWN 0, DAC_OVERRIDE 1, KILL 5, SETGID 6, SETUID 7, NET_BIND_SERVICE 10, NET_ADMIN 12, NET_RAW
		// 13.
		const bits = [0, 1, 5, 6, 7, 10, 12, 13].reduce((sum, bit) => sum + 2 ** bit, 0);
		expect(await output(machine, 'grep', 'CapBnd', '/proc/self/status')).toBe(
			`CapBnd:\t${bits.toString(16).padStart(16, '0')}`,
		);
	});
});
