import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execa } from 'execa';
import type { ArchiveKernel } from './archive-kernels.ts';
import { fetchPackages, preparePackages, sizeOf } from './debian-kernel.ts';
import { temporaryCache } from './fixtures/cache.ts';
import { standInForDepmod } from './fixtures/depmod.ts';
import { type Mirror, startMirror } from './fixtures/mirror.ts';
import { writeBuild } from './fixtures/own-build.ts';
import { preparedKernel } from './prepared.ts';

const { failed } = await execa('dpkg-deb', ['--version'], { reject: false });
/** Debian and Ubuntu have it. */
const testWithDpkg = failed ? test.skip : test;

const release = '7.2.12-cloud-amd64';
const now = new Date('2026-01-02T03:04:05Z');
let cache: Awaited<ReturnType<typeof temporaryCache>>;
let depmod: Disposable;
let mirror: Mirror;

beforeEach(async () => {
	cache = await temporaryCache();
	depmod = await standInForDepmod(join(cache.path, 'bin'));
	mirror = await startMirror();
});

afterEach(async () => {
	depmod[Symbol.dispose]();
	await mirror[Symbol.asyncDispose]();
	await cache[Symbol.asyncDispose]();
});

/** Puts a folder as a package on the mirror. */
async function publish(name: string, folder: string) {
	await mkdir(join(folder, 'DEBIAN'), { recursive: true });
	await writeFile(join(folder, 'DEBIAN/control'), `Package: ${name}\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody\nDescription: none\n`);
	const path = join(cache.path, `${name}.deb`);
	await execa('dpkg-deb', ['--root-owner-group', '-b', folder, path]);
	const bytes = await readFile(path);
	mirror.files.set(`/pool/${name}.deb`, { bytes });
	return { path: `pool/${name}.deb`, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}

testWithDpkg('a kernel in two packages is fetched and made ready, and its packages are removed', async () => {
	const [image, modules] = [join(cache.path, 'image'), join(cache.path, 'modules')];
	await writeBuild(image, { release });
	await mkdir(join(modules, 'usr'), { recursive: true });
	await rename(join(image, 'lib'), join(modules, 'usr/lib'));
	const files = [await publish('linux-binary', image), await publish('linux-modules', modules)];
	const kernel: ArchiveKernel = { release, version: '7.2.12-1', suite: 'trixie-backports', files };

	const told: number[] = [];
	await fetchPackages(kernel, [mirror.url], (bytes) => told.push(bytes));
	expect(told.at(-1)).toBe(sizeOf(kernel));
	await preparePackages(kernel, now);

	expect(await preparedKernel('7.2')).toMatchObject({
		...{ name: release, release, version: '7.2.12-1', suite: 'trixie-backports' },
		fetchedAt: '2026-01-02T03:04:05.000Z',
	});
	expect(await readdir(join(cache.path, 'halfopen/kernels', release))).toEqual(['kernel.json', 'modules', 'vmlinuz']);
	expect(await readdir(join(cache.path, 'halfopen/downloads'))).toEqual([]);
});

testWithDpkg('packages without a kernel in them are refused, and kept', async () => {
	const kernel: ArchiveKernel = { release, version: '1', suite: 'trixie', files: [await publish('empty', join(cache.path, 'empty'))] };
	await fetchPackages(kernel, [mirror.url], () => {});
	await expect(preparePackages(kernel, now)).rejects.toMatchObject({ code: 'SETUP_FAILED', seen: expect.stringContaining('boot/vmlinuz') });
	expect(await readdir(join(cache.path, 'halfopen/kernels'))).toEqual([]);
});
