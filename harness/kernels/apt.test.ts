import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { until } from '../agent/fixture.ts';
import { downloadPackages, readIndex, updateIndex } from './apt.ts';
import { refreshSuites, staleSuites } from './ask-archive.ts';
import { archiveFolder } from './cache.ts';
import { temporaryCache } from './fixtures/cache.ts';
import { canMakeRepository, newSigner, Repository, type Signer, withRepository } from './fixtures/repository.ts';
import { cachedKernels, cachedSuite, cacheSuite, SUITES } from './suites.ts';

const { describe: describeWithApt } = withRepository;
const SUITE = 'bookworm';
const KERNEL = 'linux-image-6.1.0-50-cloud-amd64';
const now = new Date('2026-01-02T03:04:05Z');

let cache: Awaited<ReturnType<typeof temporaryCache>>;
let signer: Signer;
let repository: Repository;
let downloads: string;
const environment = { ...process.env };

beforeAll(async () => {
	if (canMakeRepository) signer = await newSigner();
});
afterAll(async () => {
	await signer?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
	cache = await temporaryCache();
	downloads = join(cache.path, 'downloads');
	if (!canMakeRepository) return;
	repository = await Repository.start(SUITE, signer);
	const folder = join(cache.path, 'package');
	await mkdir(folder);
	// Random bytes do not compress, so the download has this size.
	await writeFile(join(folder, 'vmlinuz'), randomBytes(2_000_000));
	await repository.publish(KERNEL, '6.1.176-1', folder);
	await repository.release();
});

afterEach(async () => {
	for (const name of ['http_proxy', 'PATH'] as const) {
		if (environment[name] === undefined) delete process.env[name];
		else process.env[name] = environment[name];
	}
	if (canMakeRepository) await repository.mirror[Symbol.asyncDispose]();
	await cache[Symbol.asyncDispose]();
});

const archive = (...mirrors: readonly string[]) => ({
	mirrors: mirrors.length > 0 ? mirrors : [repository.mirror.url],
	keyring: signer.keyring,
});
const update = (...mirrors: readonly string[]) => updateIndex(SUITE, archive(...mirrors), () => {});
const fetchIt = (...mirrors: readonly string[]) =>
	downloadPackages(SUITE, [`${KERNEL}=6.1.176-1`], downloads, archive(...mirrors), () => {});
const inRelease = `/dists/${SUITE}/InRelease`;
const DEB = `/pool/${KERNEL}_6.1.176-1_amd64.deb`;
const isComplete = async () =>
	(await readFile(join(downloads, DEB.split('/')[2] ?? ''))).equals(
		Buffer.from(repository.mirror.files.get(DEB)?.bytes ?? []),
	);

describeWithApt('the index of a suite', () => {
	test('is read if its signature is valid; it is in the cache, not in the folders of this machine’s apt', async () => {
		await update();
		expect(await readIndex(SUITE)).toContain(`Package: ${KERNEL}\n`);
		expect(await readdir(join(archiveFolder(), SUITE))).toEqual([
			'apt.conf',
			'archives',
			'lists',
			'sources.list',
			'status',
		]);
	});

	test('comes from the next mirror if one does not have it, or has that of another suite', async () => {
		const other = await Repository.start(SUITE, signer);
		try {
			await other.publish(KERNEL, '1', join(cache.path, 'another'));
			await other.release({ codename: 'trixie' });
			await expect(update(other.mirror.url)).rejects.toMatchObject({
				code: 'DOWNLOAD_FAILED',
				seen: expect.stringContaining('index of “trixie”'),
			});
			await update('http://127.0.0.1:9', other.mirror.url, repository.mirror.url);
			expect(await readIndex(SUITE)).toContain(KERNEL);
		} finally {
			await other.mirror[Symbol.asyncDispose]();
		}
	});

	test('is fetched through http_proxy', async () => {
		process.env.http_proxy = repository.mirror.url;
		await update('http://mirror.example.org');
		expect(repository.mirror.requests).toContain(`http://mirror.example.org${inRelease}`);
		expect(await readIndex(SUITE)).toContain(KERNEL);
	});

	test('is refused after its Valid-Until, whatever the configuration of this machine’s apt', async () => {
		await repository.release({ validUntil: new Date(Date.now() - 86_400_000) });
		await expect(update()).rejects.toMatchObject({
			code: 'INDEX_EXPIRED',
			seen: expect.stringContaining('is expired'),
		});
		await repository.release({ validUntil: new Date(Date.now() + 86_400_000) });
		await update();
	});

	test.each([
		['was changed', (text: string) => text.replace('Label: Debian', 'Label: Nobody')],
		['is not signed', (text: string) => text.replace(/^[\s\S]*?\n\n/, '').replace(/-----BEGIN[\s\S]*/, '')],
	])('is refused if it %s', async (_, change) => {
		const signed = String(Buffer.from(repository.mirror.files.get(inRelease)?.bytes ?? []));
		repository.mirror.files.set(inRelease, { bytes: Buffer.from(change(signed)) });
		await expect(update()).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
	});

	test('is refused if another key has signed it, or if there is no keyring', async () => {
		await using other = await newSigner();
		const updated = updateIndex(SUITE, { ...archive(), keyring: other.keyring }, () => {});
		await expect(updated).rejects.toMatchObject({
			code: 'DOWNLOAD_FAILED',
			seen: expect.stringMatching(/NO_PUBKEY|not signed/),
		});
		const without = updateIndex(SUITE, { ...archive(), keyring: '/nowhere/keyring.gpg' }, () => {});
		await expect(without).rejects.toMatchObject({ code: 'TOOL_MISSING', seen: '/nowhere/keyring.gpg is missing' });
	});

	test('is not fetched if no mirror answers', async () => {
		await expect(update('http://127.0.0.1:9')).rejects.toMatchObject({
			code: 'DOWNLOAD_FAILED',
			seen: expect.stringContaining('127.0.0.1'),
		});
	});

	test('needs apt: without apt the error says what to do instead', async () => {
		process.env.PATH = cache.path;
		// apt is not in this PATH.
		await expect(update()).rejects.toMatchObject({ code: 'TOOL_MISSING', remedy: expect.stringContaining('--image') });
	});

	test('is not fetched from another mirror if the disk is full', async () => {
		const apt = join(cache.path, 'apt-get');
		await writeFile(apt, '#!/bin/sh\necho "E: Write error - write (28: No space left on device)" >&2\nexit 100\n');
		await chmod(apt, 0o755);
		process.env.PATH = `${cache.path}:${environment.PATH}`;
		await expect(update('http://127.0.0.1:9', repository.mirror.url)).rejects.toMatchObject({ code: 'DISK_FULL' });
		expect(repository.mirror.requests).toEqual([]);
	});
});

describeWithApt('a package', () => {
	test('is fetched with progress, and not fetched again', async () => {
		const progress: number[] = [];
		await downloadPackages(SUITE, [`${KERNEL}=6.1.176-1`], downloads, archive(), (percent) => progress.push(percent));
		expect(await isComplete()).toBe(true);
		expect(progress.at(-1)).toBe(100);
		await fetchIt();
		expect(repository.mirror.requests.filter((path) => path.startsWith(DEB))).toEqual([DEB]);
	});

	test('whose download was interrupted is resumed', async () => {
		const { bytes } = repository.mirror.files.get(DEB) ?? { bytes: Buffer.of() };
		repository.mirror.files.set(DEB, { bytes, stopsAfter: 1_000_000 });
		const fetching = fetchIt();
		fetching.catch(() => {});
		const hasBegun = () =>
			readdir(downloads, { recursive: true }).then(
				(names) => names.some((name) => name.endsWith('.deb') && statSync(join(downloads, name)).size > 0),
				() => false,
			);
		await until(hasBegun);
		repository.mirror.files.set(DEB, { bytes });
		repository.mirror.closeConnections();
		await fetching.catch(() => fetchIt());
		expect(await isComplete()).toBe(true);
		expect(repository.mirror.requests.some((path) => path.startsWith(`${DEB} bytes=`))).toBe(true);
	});

	test('with another hash than in the index is refused', async () => {
		const { bytes } = repository.mirror.files.get(DEB) ?? { bytes: Buffer.of() };
		const other = Buffer.from(bytes);
		other[1_000] = (other[1_000] ?? 0) ^ 1;
		repository.mirror.files.set(DEB, { bytes: other });
		await expect(fetchIt()).rejects.toMatchObject({
			code: 'DOWNLOAD_FAILED',
			seen: expect.stringContaining('Hash Sum mismatch'),
		});
		expect((await readdir(downloads)).filter((name) => name.endsWith('.deb'))).toEqual([]);
	});

	test('that no mirror has: DOWNLOAD_FAILED', async () => {
		repository.mirror.files.delete(DEB);
		await expect(fetchIt()).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED', seen: expect.stringContaining('404') });
	});
});

describeWithApt('the archive', () => {
	test('returns the errors of suites that could not be fetched, and caches the kernels of the others', async () => {
		const errors = await refreshSuites([SUITE, 'trixie'], archive(), now, () => {});
		expect(errors.map(({ code, seen }) => [code, seen])).toEqual([
			['DOWNLOAD_FAILED', expect.stringContaining('does not have a Release file')],
		]);
		expect(await cachedSuite(SUITE)).toMatchObject({ askedAt: now.toISOString() });
		expect(await cachedKernels()).toEqual([
			{
				...{ release: '6.1.0-50-cloud-amd64', version: '6.1.176-1', suite: SUITE },
				packages: [{ name: KERNEL, version: '6.1.176-1', size: repository.mirror.files.get(DEB)?.bytes.length }],
			},
		]);
	});
});

test('the cached list of a suite is valid for a day', async () => {
	for (const suite of SUITES) await cacheSuite(suite, { askedAt: now.toISOString(), kernels: [] });
	expect(await staleSuites(new Date(now.getTime() + 86_400_000))).toEqual([]);
	expect(await staleSuites(new Date(now.getTime() + 86_400_001))).toEqual([...SUITES]);
	await rm(join(archiveFolder(), 'trixie.json'));
	expect(await staleSuites(now)).toEqual(['trixie']);
});
