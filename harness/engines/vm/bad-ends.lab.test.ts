/** Guests that do not start, or end during a scenario: their errors. Nothing is left behind. */
import { mkdir, mkdtemp, open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, jest } from '@jest/globals';
import { kernelsFolder } from '../../kernels/cache.ts';
import { temporaryCache } from '../../kernels/fixtures/cache.ts';
import { preparedKernel } from '../../kernels/prepared.ts';
import { Lab } from '../../lab/lab.ts';
import { cloneProject } from '../../run/fixtures/clone.ts';
import { untilNothingIsLeft } from '../../run/fixtures/leftovers.ts';
import { NestedRun } from '../../run/fixtures/nested-run.ts';
import { testOn } from '../../run/fixtures/on-engine.ts';
import { currentRun } from '../../run/handover.ts';
import type { Run } from '../engine.ts';
import { markedProcesses } from '../marked.ts';
import { connectVm, type VmFacts } from './connect.ts';
import { vmInventory } from './fixtures/inventory.ts';
import { Qemu } from './qemu.ts';
import { ensureSnapshot } from './snapshot.ts';

jest.setTimeout(300_000);
const CLEAN_WITHIN_MS = 10_000;
const testOnGuests = testOn('vm', 'about guests');

/** Each test has its own run, so that everything that is left belongs to the test. */
let run: Run;
let runs = 0;

beforeEach(async () => {
	const directory = await mkdtemp(join(tmpdir(), 'halfopen-bad-ends-'));
	run = {
		id: `bad${process.pid}x${++runs}`,
		owner: currentRun().run.owner,
		directory,
		family: currentRun().run.family,
	};
});

afterEach(async () => {
	expect(await vmInventory.objects(({ id }) => id === run.id)).toEqual([]);
	expect((await readdir(run.directory)).filter((name) => name.startsWith('guest') || name.startsWith('boot'))).toEqual(
		[],
	);
	await rm(run.directory, { recursive: true });
});

const facts = () => currentRun().facts as VmFacts;
/** An empty cpio archive. */
const EMPTY_ARCHIVE = `070701${'0'.repeat(8 * 11)}0000000b00000000TRAILER!!!\0`.padEnd(512, '\0');

testOnGuests('QEMU refuses the kernel: ENGINE_REFUSED with its output, and no snapshot', async () => {
	const kernel = await preparedKernel(process.env.HALFOPEN_KERNEL ?? '');
	await using cache = await temporaryCache();
	const image = join(run.directory, 'vmlinuz');
	await writeFile(image, Buffer.alloc(100_000, 'no kernel'));
	await expect(ensureSnapshot(run, { ...kernel, image }, run.directory)).rejects.toMatchObject({
		code: 'ENGINE_REFUSED',
		seen: expect.stringMatching(/^qemu: /),
	});
	expect(await readdir(join(cache.path, 'halfopen/snapshots'))).toEqual([]);
});

testOnGuests('the kernel does not boot in time: GUEST_LOST', async () => {
	const root = join(run.directory, 'root.cpio');
	await writeFile(root, EMPTY_ARCHIVE);
	// No machine boots a kernel in 0.1 s.
	await expect(
		Qemu.start(run, { kernel: facts().kernel, root }, run.directory, 'guest', { bootLimitMs: 100 }),
	).rejects.toMatchObject({
		code: 'GUEST_LOST',
		problem: 'A guest did not answer for 0.1 s.',
	});
});

testOnGuests(
	'the root has no init process: the kernel panics, and the last lines of its console show why',
	async () => {
		const root = join(run.directory, 'root.cpio');
		await writeFile(root, EMPTY_ARCHIVE);
		await expect(Qemu.start(run, { kernel: facts().kernel, root }, run.directory, 'guest')).rejects.toMatchObject({
			code: 'GUEST_LOST',
			seen: expect.stringContaining('Kernel panic - not syncing'),
		});
	},
);

/** Does something to a ready lab that ends its guest. Returns the error that the lab reports. */
async function errorAfter(endGuest: (lab: Lab) => Promise<unknown>): Promise<unknown> {
	const lab = await Lab.create(connectVm(run, facts(), { turnTimeoutMs: 5_000 }));
	try {
		await lab.server.nc({ listen: 8080 });
		const lost = lab.lost.catch((error: unknown) => error);
		const waiting = lab.clock.sleep(86_400_000, new AbortController().signal).catch((error: unknown) => error);
		// The call may fail with the guest.
		endGuest(lab).catch(() => {});
		expect(await waiting).toBe(await lost);
		return await lost;
	} finally {
		await lab.destroy();
	}
}

async function signal(name: NodeJS.Signals): Promise<void> {
	const guests = (await markedProcesses('vm')).filter(({ mark }) => mark.id === run.id);
	expect(guests).toHaveLength(1);
	for (const { pid } of guests) process.kill(pid, name);
}

testOnGuests('the kernel panics during a scenario: GUEST_LOST, with the last lines of its console', async () => {
	expect(await errorAfter(({ server }) => server.run(['sh', '-c', 'echo c >/proc/sysrq-trigger']))).toMatchObject({
		code: 'GUEST_LOST',
		problem: 'A guest ended by itself.',
		seen: expect.stringContaining('Kernel panic - not syncing: sysrq triggered crash'),
	});
});

testOnGuests('the guest stops answering during a scenario: GUEST_LOST', async () => {
	expect(await errorAfter(() => signal('SIGSTOP'))).toMatchObject({
		code: 'GUEST_LOST',
		problem: 'A guest did not answer for 5 s.',
	});
});

testOnGuests('QEMU is killed during a scenario: GUEST_LOST', async () => {
	expect(await errorAfter(() => signal('SIGKILL'))).toMatchObject({
		code: 'GUEST_LOST',
		problem: 'A guest ended: SIGKILL killed its QEMU.',
	});
});

/** Returns the names in a folder, or undefined if it does not exist. */
const namesIn = (folder: string) => readdir(folder).catch(() => undefined);

testOnGuests(
	'the snapshot is truncated: SNAPSHOT_UNUSABLE, and it is removed, so that it is created again',
	async () => {
		const folder = join(run.directory, 'snapshot');
		await mkdir(folder);
		const memory = join(folder, 'memory');
		await writeFile(memory, await beginningOf(facts().memory));
		const engine = connectVm(run, { ...facts(), memory, ready: join(folder, 'ready') });
		await expect(engine.createLab()).rejects.toMatchObject({
			code: 'SNAPSHOT_UNUSABLE',
			seen: expect.stringContaining('load of migration failed'),
			remedy: expect.stringContaining('Run the tests again'),
		});
		expect(await namesIn(folder)).toBeUndefined();
		await expect(engine.createLab()).rejects.toMatchObject({
			code: 'SNAPSHOT_UNUSABLE',
			seen: expect.stringContaining('is missing or empty'),
		});
	},
);

async function beginningOf(path: string): Promise<Buffer> {
	await using file = await open(path);
	const bytes = Buffer.alloc(1 << 20);
	await file.read(bytes, 0, bytes.length, 0);
	return bytes;
}

testOnGuests(
	'the snapshot of a ready lab is unusable: labs are created without it, and it is saved again',
	async () => {
		const ready = join(run.directory, 'saved', 'ready');
		await mkdir(dirname(ready));
		const engine = connectVm(run, { ...facts(), ready });
		const createAndDestroy = async () => {
			const lab = await Lab.create(engine);
			await lab.server.nc({ listen: 8080 });
			await lab.destroy();
		};
		await createAndDestroy();
		for (const [name, length] of [
			['memory', 1 << 20],
			['transcript.json', 1_000],
		] as const) {
			expect((await namesIn(ready))?.sort()).toEqual(['memory', 'transcript.json']);
			await truncate(join(ready, name), length);
			await createAndDestroy();
			// A transcript that cannot be parsed is removed before the lab is created. This lab then records a new one.
			if (name === 'memory') {
				expect(await namesIn(ready)).toBeUndefined();
				await createAndDestroy();
			}
		}
	},
);

/**
 * Returns a command that runs another one with a small disk as its cache, in a new mount namespace. The kernels stay
 * where they are. It prints what is left on the disk.
 */
const onSmallDisk = (disk: string, mebibytes: number) => [
	'unshare',
	...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
	'--mount',
	'sh',
	'-c',
	`set -e
	mount -t tmpfs -o size=${mebibytes}m tmpfs '${disk}'
	mkdir '${disk}/halfopen'
	ln -s '${kernelsFolder()}' '${disk}/halfopen/kernels'
	status=0
	XDG_CACHE_HOME='${disk}' "$0" "$@" || status=$?
	find '${disk}' -path '*/snapshots/*' -exec echo left on the disk: {} +
	exit $status`,
];

testOnGuests(
	'the disk is full when the root is built, when it is packed, or when the guest is saved: DISK_FULL, and nothing ' +
		'is left on it',
	async () => {
		await using clone = await cloneProject({ 'no-lab': 'no-lab.ts' });
		const disk = join(clone.root, 'disk');
		await mkdir(disk);
		for (const mebibytes of [50, 300, 600]) {
			const nested = new NestedRun({
				...clone,
				test: [...onSmallDisk(disk, mebibytes), process.execPath, ...clone.test.slice(1)],
			});
			expect([mebibytes, await nested.ended, nested.output]).toEqual([
				mebibytes,
				1,
				expect.stringContaining('[DISK_FULL]'),
			]);
			expect(nested.output).toContain('Free space on the disk of');
			expect(nested.output).not.toMatch(/^\s+at /m);
			expect(nested.output).not.toContain('left on the disk');
			expect((await untilNothingIsLeft(nested, CLEAN_WITHIN_MS)).left).toEqual([]);
		}
	},
);

/** Starts a run with this environment, and expects that it fails. Returns its output. */
async function outputOfFailure(environment: Readonly<Record<string, string | undefined>>): Promise<string> {
	await using clone = await cloneProject({ 'no-lab': 'no-lab.ts' });
	const nested = new NestedRun(clone, [], environment);
	expect(await nested.ended).toBe(1);
	expect(nested.output).not.toMatch(/^\s+at /m);
	expect((await untilNothingIsLeft(nested, CLEAN_WITHIN_MS)).left).toEqual([]);
	return nested.output;
}

testOnGuests('an unknown kernel, no kernel, and an invalid seed', async () => {
	const unknown = await outputOfFailure({ HALFOPEN_KERNEL: '6.1.0-51-cloud-amd46' });
	expect(unknown).toMatch(/There is no kernel “6\.1\.0-51-cloud-amd46”\. \[KERNEL_UNKNOWN\]\n.*nearest: 6\.1/);
	expect(unknown).toContain('npm run kernels -- --list');
	expect(await outputOfFailure({ HALFOPEN_KERNEL: undefined })).toMatch(/No kernel was chosen .*\. \[OPTION_MISSING\]/);
	expect(await outputOfFailure({ HALFOPEN_SEED: '-1' })).toMatch(
		/The seed is not a whole number .* \[OPTION_INVALID\]/,
	);
});
