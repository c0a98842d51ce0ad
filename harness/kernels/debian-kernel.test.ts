import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from '@jest/globals';
import type { Archive } from './apt.ts';
import type { ArchiveKernel } from './archive-kernels.ts';
import { fetchPackages, preparePackages } from './debian-kernel.ts';
import { temporaryCache } from './fixtures/cache.ts';
import { useFakeDepmod } from './fixtures/depmod.ts';
import { writeBuild } from './fixtures/own-build.ts';
import { canMakeRepository, newSigner, Repository, type Signer, withRepository } from './fixtures/repository.ts';
import { preparedKernel } from './prepared.ts';

const { test: testWithApt } = withRepository;
const release = '7.2.12-cloud-amd64';
const now = new Date('2026-01-02T03:04:05Z');
let cache: Awaited<ReturnType<typeof temporaryCache>>;
let depmod: Disposable;
let signer: Signer;
let repository: Repository;
let archive: Archive;

beforeEach(async () => {
	cache = await temporaryCache();
	depmod = await useFakeDepmod(join(cache.path, 'bin'));
	if (!canMakeRepository) return;
	signer = await newSigner();
	repository = await Repository.start('trixie', signer);
	archive = { mirrors: [repository.mirror.url], keyring: signer.keyring };
});

afterEach(async () => {
	if (canMakeRepository) await Promise.all([repository.mirror, signer].map((each) => each[Symbol.asyncDispose]()));
	depmod[Symbol.dispose]();
	await cache[Symbol.asyncDispose]();
});

testWithApt('fetches and prepares a kernel of two packages, and removes the packages', async () => {
	const [image, modules] = [join(cache.path, 'image'), join(cache.path, 'modules')];
	await writeBuild(image, { release });
	await mkdir(join(modules, 'usr'), { recursive: true });
	await rename(join(image, 'lib'), join(modules, 'usr/lib'));
	const packages = [
		await repository.publish('linux-binary', '7.2.12-1', image),
		await repository.publish('linux-modules', '7.2.12-1', modules),
	];
	await repository.release();
	const kernel: ArchiveKernel = { release, version: '7.2.12-1', suite: 'trixie', packages };

	const progress: number[] = [];
	await fetchPackages(kernel, archive, (percent) => progress.push(percent));
	expect(progress.at(-1)).toBe(100);
	await preparePackages(kernel, now);

	expect(await preparedKernel('7.2')).toMatchObject({
		...{ name: release, release, version: '7.2.12-1', suite: 'trixie' },
		fetchedAt: '2026-01-02T03:04:05.000Z',
	});
	expect(await readdir(join(cache.path, 'halfopen/kernels', release))).toEqual(['kernel.json', 'modules', 'vmlinuz']);
	expect(await readdir(join(cache.path, 'halfopen/downloads'))).toEqual([]);
});

testWithApt('refuses packages without a kernel, and keeps them', async () => {
	const packages = [await repository.publish('empty', '1', join(cache.path, 'empty'))];
	await repository.release();
	const kernel: ArchiveKernel = { release, version: '1', suite: 'trixie', packages };
	await fetchPackages(kernel, archive, () => {});
	await expect(preparePackages(kernel, now)).rejects.toMatchObject({
		code: 'SETUP_FAILED',
		seen: expect.stringContaining('boot/vmlinuz'),
	});
	expect(await readdir(join(cache.path, 'halfopen/kernels'))).toEqual([]);
	expect(await readdir(join(cache.path, 'halfopen/downloads', release))).toHaveLength(1);
});
