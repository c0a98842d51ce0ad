import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { markedProcesses } from '../marked.ts';
import { thisProcess } from '../owner.ts';
import { Qemu, type StartOptions } from './qemu.ts';

const RUN = { id: `unit-${process.pid}`, owner: thisProcess() };
const FAKE = fileURLToPath(new URL('fixtures/fake-qemu.mjs', import.meta.url));
/** A folder name with characters that a shell or QEMU would interpret. */
const ODD_NAME = `it's "a, folder" $HOME`;

const path = process.env.PATH;
let programs = '';
let folder = '';

beforeAll(async () => {
	programs = await mkdtemp(join(tmpdir(), 'halfopen-qemu-'));
	await writeFile(join(programs, 'qemu-system-x86_64'), `#!/bin/sh\nexec '${process.execPath}' '${FAKE}' "$@"\n`);
	await chmod(join(programs, 'qemu-system-x86_64'), 0o755);
	process.env.PATH = `${programs}:${path}`;
});

afterAll(async () => {
	process.env.PATH = path;
	await rm(programs, { recursive: true });
});

beforeEach(async () => {
	folder = join(programs, ODD_NAME);
	await mkdir(folder);
});

afterEach(async () => {
	expect(await processes()).toEqual([]);
	await rm(folder, { recursive: true });
});

const processes = async () => (await markedProcesses('vm')).filter(({ mark }) => mark.id === RUN.id);
const boot = (kernel: string, options?: StartOptions) =>
	Qemu.start(RUN, { kernel, root: 'root.cpio' }, folder, 'guest-1', options);
const restore = (snapshot: string, options?: StartOptions) =>
	Qemu.start(RUN, { kernel: 'boots', snapshot }, folder, 'guest-2', options);

test('a guest boots, runs and is saved; another is restored; at the end only the snapshot is left', async () => {
	const saved = join(folder, 'memory');
	const first = await boot('boots');
	await first.runUntilPaused(10_000);
	await first.save(saved);
	await first.runUntilPaused(10_000);
	const second = await restore(saved);
	await second.runUntilPaused(10_000);
	expect((await readdir(folder)).sort()).toEqual([
		'guest-1.memory',
		'guest-1.monitor',
		'guest-2.memory',
		'guest-2.monitor',
		'memory',
	]);
	expect(await processes()).toHaveLength(2);
	await Promise.all([first.end(), second.end()]);
	await first.end();
	expect(await readdir(folder)).toEqual(['memory']);
});

test('start waits until the guest has booted', async () => {
	const qemu = await boot('boots-late');
	await qemu.runUntilPaused(10_000);
	await qemu.end();
});

describe('a guest that does not boot leaves nothing:', () => {
	afterEach(async () => expect(await readdir(folder)).toEqual([]));

	test('QEMU refuses its kernel: ENGINE_REFUSED, with its output', async () => {
		await expect(boot('is-no-kernel')).rejects.toMatchObject({
			code: 'ENGINE_REFUSED',
			seen: 'qemu: invalid kernel header\n',
			remedy: expect.stringContaining('npm run kernels'),
		});
	});

	test('there is no QEMU: ENGINE_REFUSED', async () => {
		process.env.PATH = '/usr/bin:/bin';
		try {
			// If QEMU is installed in these folders, it finds no such kernel.
			await expect(boot('is-no-kernel')).rejects.toMatchObject({
				code: 'ENGINE_REFUSED',
				seen: expect.stringMatching(/\S/),
			});
		} finally {
			process.env.PATH = `${programs}:${path}`;
		}
	});

	test('its kernel panics: GUEST_LOST, with the last lines of its console', async () => {
		const { code, seen } = await boot('panics').catch((error) => error);
		expect(code).toBe('GUEST_LOST');
		expect(seen).toMatch(
			/^the last lines of its console:\nline 17\s+line 18(?:.|\s)*line 30\s+Kernel panic - not syncing: for a test$/,
		);
	});

	test('it does not answer: GUEST_LOST', async () => {
		await expect(boot('is-silent', { bootLimitMs: 200 })).rejects.toMatchObject({
			code: 'GUEST_LOST',
			problem: 'A guest did not answer for 0.2 s.',
			remedy: expect.stringContaining('serial console'),
		});
	});

	test.each([
		['before the start', 'boots', 0],
		['before the monitor answers', 'never-starts', 300],
		['while it boots', 'is-silent', 300],
	])('the start is aborted %s', async (_when, kernel, afterMs) => {
		const signal = afterMs === 0 ? AbortSignal.abort() : AbortSignal.timeout(afterMs);
		const error = await boot(kernel, { signal }).catch((error: unknown) => error);
		expect(error).toBe(signal.reason);
	});
});

describe('a guest that is lost while it runs', () => {
	test.each([
		['its kernel panics', 'panics-later', 10_000, { code: 'GUEST_LOST', problem: 'A guest ended by itself.' }],
		[
			'it does not answer',
			'is-silent-later',
			200,
			{ code: 'GUEST_LOST', problem: 'A guest did not answer for 0.2 s.' },
		],
		['QEMU refuses to resume it', 'refuses', 10_000, { code: 'ENGINE_REFUSED', seen: 'GenericError: not now' }],
	])('%s', async (_what, kernel, limitMs, error) => {
		const qemu = await boot(kernel);
		await expect(qemu.runUntilPaused(limitMs)).rejects.toMatchObject(error);
		await qemu.end();
	});

	test.each(['while it runs', 'between two turns'])('QEMU is killed %s', async (when) => {
		const qemu = await boot('is-silent-later');
		const [pid] = (await processes()).map((one) => one.pid);
		if (pid === undefined) throw new Error('QEMU was not found by its mark');
		const kill = () => process.kill(pid, 'SIGKILL');
		if (when !== 'while it runs') kill();
		const running = qemu.runUntilPaused(10_000);
		if (when === 'while it runs') kill();
		await expect(running).rejects.toMatchObject({
			code: 'GUEST_LOST',
			problem: 'A guest ended: SIGKILL killed its QEMU.',
		});
		await expect(qemu.runUntilPaused(10_000)).rejects.toMatchObject({ code: 'GUEST_LOST' });
		await qemu.end();
	});

	test('it is ended while it runs: runUntilPaused rejects at once', async () => {
		const qemu = await boot('is-silent-later');
		const running = expect(qemu.runUntilPaused(10_000)).rejects.toMatchObject({ code: 'GUEST_LOST' });
		await qemu.end();
		await running;
		expect(await readdir(folder)).toEqual([]);
	});
});

describe('a snapshot is unusable:', () => {
	test.each([
		['missing', undefined],
		['empty', ''],
		['truncated', 'a saved gue'],
	])('it is %s', async (_what, content) => {
		const saved = join(folder, 'memory');
		if (content !== undefined) await writeFile(saved, content);
		await expect(restore(saved)).rejects.toMatchObject({
			code: 'SNAPSHOT_UNUSABLE',
			seen: expect.stringContaining(saved.slice(0, 20)),
		});
		expect((await readdir(folder)).filter((name) => name !== 'memory')).toEqual([]);
	});
});

describe('a guest cannot be saved', () => {
	test.each([
		['on a full disk', '/dev/full', 'DISK_FULL', /No space left on device/],
		['in a missing folder', '/nowhere/memory', 'SNAPSHOT_UNUSABLE', /nonexistent|No such file/],
	])('%s', async (_where, target, code, seen) => {
		const qemu = await boot('boots');
		await expect(qemu.save(target)).rejects.toMatchObject({ code, seen: expect.stringMatching(seen) });
		await qemu.end();
		expect(await readdir(folder)).toEqual([]);
	});
});
