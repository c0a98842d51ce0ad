import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryCache } from './fixtures/cache.ts';
import { useFakeDepmod } from './fixtures/depmod.ts';
import { type OwnBuild, writeBuild } from './fixtures/own-build.ts';
import { type OwnKernel, prepareOwn } from './own-kernel.ts';
import { preparedKernel, preparedKernels } from './prepared.ts';
import { cacheSuite } from './suites.ts';

const now = new Date('2026-01-02T03:04:05Z');
const release = '6.1.0-own';
let cache: Awaited<ReturnType<typeof temporaryCache>>;
let depmod: Disposable;
let tree = '';

beforeEach(async () => {
	cache = await temporaryCache();
	depmod = await useFakeDepmod(join(cache.path, 'bin'));
	tree = join(cache.path, 'build');
});

afterEach(async () => {
	depmod[Symbol.dispose]();
	await cache[Symbol.asyncDispose]();
});

async function prepareBuild(build: Partial<OwnBuild> = {}, given: OwnKernel = {}) {
	await writeBuild(tree, { release, ...build });
	return prepareOwn({ image: join(tree, 'boot', `vmlinuz-${release}`), modules: tree, ...given }, now);
}

const orderIn = async (modules: string) => (await readFile(join(modules, 'order'), 'utf8')).trimEnd().split('\n');
const unfinished = async () =>
	(await readdir(join(cache.path, 'halfopen/kernels')).catch(() => [])).filter((name) => name.startsWith('.'));

describe('a kernel of the user', () => {
	test('is prepared with its image and the wanted modules, decompressed and in the order of insertion', async () => {
		expect(await prepareBuild()).toEqual({ name: release, release, fetchedAt: '2026-01-02T03:04:05.000Z' });
		const { name, image, modules } = await preparedKernel(release);
		expect([name, image]).toEqual([release, join(cache.path, 'halfopen/kernels', release, 'vmlinuz')]);
		expect((await readFile(image)).equals(await readFile(join(tree, 'boot', `vmlinuz-${release}`)))).toBe(true);
		const inserted = await orderIn(modules);
		expect([...inserted].sort()).toEqual((await readdir(modules)).filter((file) => file !== 'order').sort());
		expect(inserted).toEqual(expect.arrayContaining(['veth.ko', 'nf_tables.ko', 'xt_NFLOG.ko']));
		expect(inserted).not.toContain('not-wanted.ko');
		expect(inserted.indexOf('stp.ko')).toBe(inserted.indexOf('bridge.ko') - 1);
		expect(await readFile(join(modules, 'veth.ko'), 'latin1')).toContain(`vermagic=${release} `);
		expect(await unfinished()).toEqual([]);
	});

	test('is prepared without changes to the build', async () => {
		await writeBuild(tree, { release });
		const before = await readdir(tree, { recursive: true });
		await prepareBuild();
		expect(await readdir(tree, { recursive: true })).toEqual(before);
	});

	test('may have another name, and be prepared again under that name', async () => {
		await prepareBuild({}, { name: 'mine' });
		await prepareBuild({ builtin: ['veth'] }, { name: 'mine' });
		const { release: found, modules } = await preparedKernel('mine');
		expect(found).toBe(release);
		expect(await orderIn(modules)).not.toContain('veth.ko');
		expect((await preparedKernels()).map(({ name }) => name)).toEqual(['mine']);
	});

	test('may have its modules in a folder like /lib/modules/<release>, or below usr', async () => {
		await prepareBuild({}, { modules: join(tree, 'lib/modules', release), name: 'one' });
		await mkdir(join(tree, 'usr'));
		await rename(join(tree, 'lib'), join(tree, 'usr/lib'));
		await prepareOwn({ image: join(tree, 'boot', `vmlinuz-${release}`), modules: tree, name: 'two' }, now);
		expect((await preparedKernels()).map(({ name }) => name)).toEqual(['one', 'two']);
	});

	test('may have all required modules built in', async () => {
		await prepareBuild({ builtin: ['veth', 'bridge', 'overlay', 'nf_tables', 'nft_compat', 'xt_NFLOG', 'tcp_diag'] });
		const { modules } = await preparedKernel(release);
		expect((await stat(join(modules, 'order'))).size).toBe(0);
	});
});

describe('is refused', () => {
	test.each<OwnKernel>([{ image: 'vmlinuz' }, { modules: '/lib/modules' }, { name: 'mine' }])(
		'without image or modules: %p',
		async (given) => {
			await expect(prepareOwn(given, now)).rejects.toMatchObject({ code: 'OPTION_MISSING' });
		},
	);

	test('if the image is not a bzImage, or cannot be read', async () => {
		await writeFile(join(cache.path, 'text'), 'no kernel');
		const image = join(cache.path, 'text');
		await expect(prepareBuild({}, { image })).rejects.toMatchObject({
			code: 'KERNEL_INVALID',
			problem: `${image} is not a bzImage.`,
		});
		await expect(prepareBuild({}, { image: '/nowhere' })).rejects.toMatchObject({
			code: 'KERNEL_INVALID',
			seen: expect.stringContaining('ENOENT'),
		});
	});

	test('if the folder has modules of another kernel, or none', async () => {
		await writeBuild(join(cache.path, 'other'), { release: '6.2.0' });
		await expect(prepareBuild({}, { modules: join(cache.path, 'other') })).rejects.toMatchObject({
			code: 'KERNEL_INVALID',
			seen: 'modules of 6.2.0',
		});
		await expect(prepareBuild({}, { modules: cache.path })).rejects.toMatchObject({
			code: 'KERNEL_INVALID',
			seen: expect.stringContaining('neither'),
		});
	});

	test.each(['6.1', '../mine', '.mine', 'a b', ''])('with the name %p', async (name) => {
		await expect(prepareBuild({}, { name })).rejects.toMatchObject({ code: 'NAME_INVALID' });
	});

	test('if Debian has a kernel of that name', async () => {
		const kernel = { release, version: '6.1.176-1', suite: 'bookworm', packages: [] };
		await cacheSuite('bookworm', { askedAt: now.toISOString(), kernels: [kernel] });
		await expect(prepareBuild()).rejects.toMatchObject({
			code: 'NAME_TAKEN',
			problem: `Debian has a kernel of the name ${release}.`,
		});
	});

	test('if a required module is missing, and nothing is left', async () => {
		await expect(prepareBuild({ without: ['veth', 'xt_NFLOG'] })).rejects.toMatchObject({
			code: 'SETUP_FAILED',
			problem: `Kernel ${release} lacks modules that labs need: veth, xt_NFLOG.`,
		});
		expect(await preparedKernels()).toEqual([]);
		expect(await unfinished()).toEqual([]);
	});

	test('if the modules were built for another kernel', async () => {
		await expect(prepareBuild({ builtFor: '6.1.0-other' })).rejects.toMatchObject({
			code: 'SETUP_FAILED',
			seen: 'veth.ko was built for 6.1.0-other',
		});
	});
});

describe('depmod', () => {
	test.each([
		['that fails', 'echo no such folder >&2; exit 1', 'SETUP_FAILED', 'no such folder'],
		[
			'that finds the disk full',
			'echo depmod: write: No space left on device >&2; exit 1',
			'DISK_FULL',
			'No space left',
		],
	])('%s', async (_, script, code, seen) => {
		using _failing = await useFakeDepmod(join(cache.path, 'failing'), `#!/bin/sh\n${script}\n`);
		await expect(prepareBuild()).rejects.toMatchObject({ code, seen: expect.stringContaining(seen) });
		expect(await unfinished()).toEqual([]);
	});
});

test('removes what killed processes left, even with the same name', async () => {
	for (const name of ['.6.1', `.${release}`])
		await mkdir(join(cache.path, 'halfopen/kernels', name, 'scratch'), { recursive: true });
	await prepareBuild();
	expect(await unfinished()).toEqual([]);
	expect((await preparedKernels()).map(({ name }) => name)).toEqual([release]);
});
