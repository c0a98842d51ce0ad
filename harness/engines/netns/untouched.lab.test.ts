/**
 * The machine is as it was, while there is a lab in its namespaces and after: its rules, sysctls, interfaces, routes,
 * mounts and /run/netns.
 */
import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest } from '@jest/globals';
import type { Agent } from '../../agent/agent.ts';
import { Lab } from '../../lab/lab.ts';
import { currentEngine } from '../../run/current.ts';
import { testOn } from '../../run/fixtures/on-engine.ts';
import { output, reach, withMachines, writable } from '../fixtures/machines.ts';
import { machineState } from './fixtures/machine-state.ts';

jest.setTimeout(120_000);
const testOnNetns = testOn('netns', 'about the machine that namespaces are made on; containers change it');

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
		// What broke nothing may say so here: it is not what this test asks.
		await lab.end().catch(() => {});
		await lab.destroy();
	}
	expect(await machineState()).toEqual(before);
});

/** What a shell's words came to on a host: its status, and what it said. */
/** What mount(8), umount(8), mknod(1) and a shell say where the kernel does not let them. */
const REFUSED = /permission denied|not permitted|must be superuser/i;

async function tried(agent: Agent, script: string): Promise<{ status: number | string; err: string }> {
	const { status, err } = await agent.run(['sh', '-c', script]);
	return { status, err };
}

testOnNetns('what a host writes anywhere goes with the host, and the machine has nothing of it', async () => {
	const place = await mkdtemp(join(tmpdir(), 'halfopen-untouched-'));
	const name = `halfopen-untouched-${process.pid}`;
	const mine = join(place, 'mine');
	await writeFile(mine, 'mine\n');
	// Where the machine has a folder, and some that are file systems of their own here or elsewhere.
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
		place,
		'/dev',
		'/dev/shm',
		'/run',
		'/srv',
	];
	const before = await lstat('/dev/null');
	try {
		await withMachines(async ({ client, server }) => {
			for (const agent of [client.userland, client.machine]) {
				for (const folder of folders) await tried(agent, `echo theirs >'${folder}/${name}'`);
				// Where everybody may write, this was no refusal.
				expect(await output(agent, 'cat', `/tmp/${name}`, join(place, name))).toBe('theirs\ntheirs');
				await tried(
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
			await tried(client.machine, `rm -rf '${place}'`);
			expect((await tried(client.userland, `ls '${place}'`)).status).not.toBe(0);
			// They are this host's alone.
			expect((await server.userland.run(['cat', `/tmp/${name}`])).status).not.toBe(0);
			await client.host.powerOff();
			await client.host.powerOn();
			const { userland } = await reach(client.host);
			expect((await userland.run(['cat', `/tmp/${name}`])).status).not.toBe(0);
		});
		expect(await readFile(mine, 'utf8')).toBe('mine\n');
		expect(await readdir(place)).toEqual(['mine']);
		expect((await lstat(mine)).mode & 0o777).toBe(0o644);
		for (const folder of folders)
			await expect(lstat(join(folder, name))).rejects.toMatchObject({ code: expect.stringMatching(/ENOENT|EACCES/) });
		const after = await lstat('/dev/null');
		expect([after.mode, after.uid, after.ino]).toEqual([before.mode, before.uid, before.ino]);
	} finally {
		await rm(place, { recursive: true, force: true });
	}
});

testOnNetns('no file of the kernel’s outside a host’s own network can be opened for writing on it', async () => {
	await withMachines(async ({ client: { machine, userland } }) => {
		for (const agent of [machine, userland]) {
			expect(await writable(agent, '/proc/sys', '/sys', '/proc/irq', '/proc/bus', '/proc/fs', '/proc/tty')).toBe('');
			for (const knob of await readdir('/proc')) {
				if (/^\d+$/.test(knob) || ['self', 'thread-self', 'net', 'mounts'].includes(knob)) continue;
				const { mode } = await lstat(join('/proc', knob));
				if ((mode & 0o222) === 0) continue;
				// Not to be opened to be tried: that alone may do something.
				expect(
					await output(agent, 'findmnt', '--noheadings', '--output', 'OPTIONS', '--target', `/proc/${knob}`),
				).toMatch(/^ro,/);
			}
			// Disks, memory, and whatever else has a number: none is there, and none can be made. `find -type` does not look
			// at what is bound to a file.
			expect(await output(agent, 'find', '/dev', '-exec', 'test', '-b', '{}', ';', '-print')).toBe('');
			const devices = 'cd /dev; find . ! -path "./pts/*" ! -type l -exec test -c {} \\; -print | sort';
			expect((await output(agent, 'sh', '-c', devices)).split('\n')).toEqual(
				['full', 'null', 'random', 'tty', 'urandom', 'zero'].map((device) => `./${device}`),
			);
			// A terminal of its own.
			expect(await output(agent, 'sh', '-c', 'exec 3<>/dev/ptmx; ls /dev/pts')).toMatch(/^0\nptmx$/);
			const made = await tried(agent, 'mknod /tmp/disk b 254 0 && exec 3</tmp/disk');
			expect(made).toMatchObject({ err: expect.stringMatching(REFUSED) });
		}
		// A machine sets the sysctls of its network; a program does not.
		expect(await tried(machine, 'exec 3>>/proc/sys/net/ipv4/tcp_retries2')).toMatchObject({ status: 0 });
		expect(await writable(userland, '/proc/sys/net/ipv4', '/proc/sys/net/core')).toBe('');
	});
});

const testAsRoot =
	process.getuid?.() === 0 ? testOnNetns : testOn('', 'root’s alone: an ordinary user is nobody to the kernel outside');
testAsRoot(
	'root of a host is not root of the machine: nothing is mounted, unmounted, or mounted for writing again',
	async () => {
		await withMachines(async ({ client: { machine, userland } }) => {
			for (const agent of [machine, userland]) {
				// And not that there is no such program.
				for (const act of [
					'mount -t tmpfs tmpfs /srv',
					'umount /proc/sys',
					'mount -o remount,bind,rw /proc/sys',
					'mount -o remount,dev /',
				])
					expect(await tried(agent, act)).toMatchObject({ err: expect.stringMatching(REFUSED) });
				// Capabilities(7): CAP_SYS_MODULE 16, CAP_SYS_RAWIO 17, CAP_SYS_PTRACE 19, CAP_SYS_ADMIN 21, CAP_SYS_BOOT 22,
				// CAP_SYS_TIME 25, CAP_MKNOD 27.
				const [, bounding = ''] = (await output(agent, 'grep', 'CapBnd', '/proc/self/status')).split('\t');
				expect([16, 17, 19, 21, 22, 25, 27].filter((bit) => (BigInt(`0x${bounding}`) >> BigInt(bit)) & 1n)).toEqual([]);
				expect(await output(agent, 'grep', 'NoNewPrivs', '/proc/self/status')).toBe('NoNewPrivs:\t1');
			}
		});
	},
);
