/**
 * A lab in namespaces changes nothing on the machine, neither while it exists nor afterwards: no rules, sysctls,
 * interfaces, routes, mounts, and nothing in /run/netns.
 */
import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest } from '@jest/globals';
import type { Agent } from '../../agent/agent.ts';
import { Lab } from '../../lab/lab.ts';
import { currentEngine } from '../../run/current.ts';
import { testOn } from '../../run/fixtures/on-engine.ts';
import { output, powerOff, powerOn, withMachines, writable } from '../fixtures/machines.ts';
import { machineState } from './fixtures/machine-state.ts';

jest.setTimeout(120_000);
const testOnNetns = testOn('netns', 'about the machine below the namespaces; containers do change it');

testOnNetns('a lab with sysctls, rules, a cut wire and a reboot changes nothing outside its namespaces', async () => {
	const before = await machineState();
	const lab = await Lab.create(await currentEngine(), { sysctls: { tcp_retries2: 3 } });
	try {
		const { client, server, link } = lab;
		await server.nc({ listen: 8080 });
		await client.sysctl({ tcp_fin_timeout: 7 });
		await client.drop({ name: 'lossy', destinationPort: 8080, every: 2 });
		await server.reject({ name: 'closed', destinationPort: 8081, with: 'tcp-reset' });
		await client.nc({ connect: server.port(8080) });
		await link.cut();
		await server.powerOff();
		await server.powerOn();
		await client.pause();
		expect(await machineState()).toEqual(before);
	} finally {
		// A fault without effect rejects here. That is not the subject of this test.
		await lab.end().catch(() => {});
		await lab.destroy();
	}
	expect(await machineState()).toEqual(before);
});

/** The error messages of mount(8), umount(8), mknod(1) and a shell if the kernel refuses a call. */
const REFUSED = /permission denied|not permitted|must be superuser/i;

/** Runs a shell script on a host. Returns its status and standard error. */
async function runScript(agent: Agent, script: string): Promise<{ status: number | string; err: string }> {
	const { status, err } = await agent.run(['sh', '-c', script]);
	return { status, err };
}

testOnNetns('files that a host writes are removed with the host, and never appear on the machine', async () => {
	const shared = await mkdtemp(join(tmpdir(), 'halfopen-untouched-'));
	const name = `halfopen-untouched-${process.pid}`;
	const mine = join(shared, 'mine');
	await writeFile(mine, 'mine\n');
	// Folders of the machine. Some of them are separate file systems here or on other machines.
	const folders = [
		'/',
		'/etc',
		'/usr',
		'/usr/local/bin',
		'/var',
		'/var/tmp',
		'/tmp',
		'/opt',
		'/home',
		homedir(),
		process.cwd(),
		shared,
		'/dev',
		'/dev/shm',
		'/run',
		'/srv',
	];
	const before = await lstat('/dev/null');
	try {
		await withMachines(async ({ lab, wire, client, server }) => {
			for (const agent of [client.userland, client.machine]) {
				for (const folder of folders) await runScript(agent, `echo theirs >'${folder}/${name}'`);
				// In folders that everybody may write to, this has succeeded.
				expect(await output(agent, 'cat', `/tmp/${name}`, join(shared, name))).toBe('theirs\ntheirs');
				await runScript(
					agent,
					`echo theirs >'${mine}'; chmod 777 '${mine}'; mv '${mine}' '${mine}.moved'; chmod 600 /dev/null`,
				);
				expect(
					await output(
						agent,
						'sh',
						'-c',
						'echo into >/dev/null; head -c 1 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c',
					),
				).toBe('1\n3');
			}
			await runScript(client.machine, `rm -rf '${shared}'`);
			expect((await runScript(client.userland, `ls '${shared}'`)).status).not.toBe(0);
			// The other host does not see the files.
			expect((await server.userland.run(['cat', `/tmp/${name}`])).status).not.toBe(0);
			await powerOff(wire, client);
			const { userland } = await powerOn(lab, wire, { host: 'client', boot: 2 });
			expect((await userland.run(['cat', `/tmp/${name}`])).status).not.toBe(0);
		});
		expect(await readFile(mine, 'utf8')).toBe('mine\n');
		expect(await readdir(shared)).toEqual(['mine']);
		expect((await lstat(mine)).mode & 0o777).toBe(0o644);
		for (const folder of folders)
			await expect(lstat(join(folder, name))).rejects.toMatchObject({ code: expect.stringMatching(/ENOENT|EACCES/) });
		const after = await lstat('/dev/null');
		expect([after.mode, after.uid, after.ino]).toEqual([before.mode, before.uid, before.ino]);
	} finally {
		await rm(shared, { recursive: true, force: true });
	}
});

testOnNetns('a host can open no file of the kernel for writing, except those of its own network', async () => {
	await withMachines(async ({ client: { machine, userland } }) => {
		for (const agent of [machine, userland]) {
			expect(await writable(agent, '/proc/sys', '/sys', '/proc/irq', '/proc/bus', '/proc/fs', '/proc/tty')).toBe('');
			for (const entry of await readdir('/proc')) {
				if (/^\d+$/.test(entry) || ['self', 'thread-self', 'net', 'mounts'].includes(entry)) continue;
				const { mode } = await lstat(join('/proc', entry));
				if ((mode & 0o222) === 0) continue;
				// Opening some entries for writing has an effect. So their mounts are checked instead.
				expect(
					await output(agent, 'findmnt', '--noheadings', '--output', 'OPTIONS', '--target', `/proc/${entry}`),
				).toMatch(/^ro,/);
			}
			// There are no disks, no memory devices and no other devices, and none can be created. `find -type` does not see
			// devices that are bound to a file.
			expect(await output(agent, 'find', '/dev', '-exec', 'test', '-b', '{}', ';', '-print')).toBe('');
			const devices = 'cd /dev; find . ! -path "./pts/*" ! -type l -exec test -c {} \\; -print | sort';
			expect((await output(agent, 'sh', '-c', devices)).split('\n')).toEqual(
				['full', 'null', 'random', 'tty', 'urandom', 'zero'].map((device) => `./${device}`),
			);
			// Terminals of the machine are not visible.
			expect(await output(agent, 'sh', '-c', 'exec 3<>/dev/ptmx; ls /dev/pts')).toMatch(/^0\nptmx$/);
			const created = await runScript(agent, 'mknod /tmp/disk b 254 0 && exec 3</tmp/disk');
			expect(created).toMatchObject({ err: expect.stringMatching(REFUSED) });
		}
		// A machine can write the sysctls of its network. A userland cannot.
		expect(await runScript(machine, 'exec 3>>/proc/sys/net/ipv4/tcp_retries2')).toMatchObject({ status: 0 });
		expect(await writable(userland, '/proc/sys/net/ipv4', '/proc/sys/net/core')).toBe('');
	});
});

const testAsRoot =
	process.getuid?.() === 0
		? testOnNetns
		: testOn('', 'about root: an ordinary user has no privileges outside of the user namespace');
testAsRoot('root of a host is not root of the machine: it cannot mount, unmount or remount', async () => {
	await withMachines(async ({ client: { machine, userland } }) => {
		for (const agent of [machine, userland]) {
			// The error messages show that the programs exist.
			for (const command of [
				'mount -t tmpfs tmpfs /srv',
				'umount /proc/sys',
				'mount -o remount,bind,rw /proc/sys',
				'mount -o remount,dev /',
			])
				expect(await runScript(agent, command)).toMatchObject({ err: expect.stringMatching(REFUSED) });
			// capabilities(7): CAP_SYS_MODULE 16, CAP_SYS_RAWIO 17, CAP_SYS_PTRACE 19, CAP_SYS_ADMIN 21, CAP_SYS_BOOT 22,
			// CAP_SYS_TIME 25, CAP_MKNOD 27.
			const [, bounding = ''] = (await output(agent, 'grep', 'CapBnd', '/proc/self/status')).split('\t');
			expect([16, 17, 19, 21, 22, 25, 27].filter((bit) => (BigInt(`0x${bounding}`) >> BigInt(bit)) & 1n)).toEqual([]);
			expect(await output(agent, 'grep', 'NoNewPrivs', '/proc/self/status')).toBe('NoNewPrivs:\t1');
		}
	});
});
