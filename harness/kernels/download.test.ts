import { createHash, randomBytes } from 'node:crypto';
import { access, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../agent/fixture.ts';
import { download } from './download.ts';
import { temporaryCache } from './fixtures/cache.ts';
import { type Mirror, startMirror } from './fixtures/mirror.ts';

const bytes = randomBytes(100_000);
const promised = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
/** The same but for one byte, which the bytes by chance may hold any value of. */
const others = Buffer.from(bytes.map((byte, index) => (index === 50_000 ? byte ^ 1 : byte)));

let cache: Awaited<ReturnType<typeof temporaryCache>>;
let [mirror, other]: [Mirror, Mirror] = [] as never;
let path = '';

beforeEach(async () => {
	cache = await temporaryCache();
	[mirror, other] = [await startMirror(), await startMirror()];
	path = join(cache.path, 'downloads', 'kernel.deb');
});

afterEach(async () => {
	await Promise.all([mirror, other, cache].map((each) => each[Symbol.asyncDispose]()));
});

const fetchIt = (...from: readonly Mirror[]) =>
	download(
		from.map(({ url }) => `${url}/kernel.deb`),
		path,
		promised,
	);
const isWhole = async () => (await readFile(path)).equals(bytes);
const partSize = async () => (await stat(`${path}.part`)).size;

describe('a file', () => {
	test('is there when it is whole, and its bytes are told while they come', async () => {
		mirror.files.set('/kernel.deb', { bytes });
		const told: number[] = [];
		await download([`${mirror.url}/kernel.deb`], path, promised, (some) => told.push(some));
		expect(await isWhole()).toBe(true);
		expect(told.at(-1)).toBe(bytes.length);
		expect(told).toEqual([...told].sort((a, b) => a - b));
		await expect(access(`${path}.part`)).rejects.toThrow();
	});

	test('is not asked for again, unless what is there is not what was promised', async () => {
		mirror.files.set('/kernel.deb', { bytes });
		await fetchIt(mirror);
		await fetchIt(mirror);
		expect(mirror.asked).toEqual(['/kernel.deb']);
		await writeFile(path, others);
		await fetchIt(mirror);
		expect(await isWhole()).toBe(true);
	});

	test('comes from the next mirror where one has not got it', async () => {
		other.files.set('/kernel.deb', { bytes });
		await fetchIt(mirror, other);
		expect(await isWhole()).toBe(true);
	});
});

describe('what was broken off', () => {
	beforeEach(async () => {
		mirror.files.set('/kernel.deb', { bytes, stopsAfter: 60_000 });
		const fetching = fetchIt(mirror);
		fetching.catch(() => {});
		await until(async () => (await partSize().catch(() => 0)) === 60_000);
		mirror.breakOff();
		await expect(fetching).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED', seen: expect.stringContaining(`${mirror.url}/kernel.deb: `) });
	});

	test('stays, and the next try goes on from there', async () => {
		expect(await partSize()).toBe(60_000);
		mirror.files.set('/kernel.deb', { bytes });
		await fetchIt(mirror);
		expect(mirror.asked).toEqual(['/kernel.deb', '/kernel.deb bytes=60000-']);
		expect(await isWhole()).toBe(true);
	});

	test('goes on at another mirror', async () => {
		other.files.set('/kernel.deb', { bytes });
		mirror.files.clear();
		await fetchIt(mirror, other);
		expect(other.asked).toEqual(['/kernel.deb bytes=60000-']);
		expect(await isWhole()).toBe(true);
	});

	test('begins anew where the mirror knows nothing of ranges', async () => {
		mirror.files.set('/kernel.deb', { bytes, whole: true });
		await fetchIt(mirror);
		expect(await isWhole()).toBe(true);
	});

	test.each([60_000, 100_000])('is fetched anew, and nobody blamed, if its %d bytes are of another file', async (size) => {
		await writeFile(`${path}.part`, others.subarray(0, size));
		mirror.files.set('/kernel.deb', { bytes });
		await fetchIt(mirror);
		expect(mirror.asked.slice(1)).toEqual([...(size < bytes.length ? [`/kernel.deb bytes=${size}-`] : []), '/kernel.deb']);
		expect(await isWhole()).toBe(true);
	});

	test('is fetched anew only once: then it is the mirror that serves something else', async () => {
		await writeFile(`${path}.part`, others.subarray(0, 60_000));
		mirror.files.set('/kernel.deb', { bytes: others });
		await expect(fetchIt(mirror)).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED', problem: expect.stringContaining('is corrupt') });
		expect(mirror.asked.slice(1)).toEqual(['/kernel.deb bytes=60000-', '/kernel.deb']);
		await expect(partSize()).rejects.toThrow('ENOENT');
	});
});

describe('what is not as it was promised', () => {
	const sha256 = createHash('sha256').update(others).digest('hex');

	test('is deleted, and both checksums are told', async () => {
		mirror.files.set('/kernel.deb', { bytes: others });
		await expect(fetchIt(mirror)).rejects.toMatchObject({
			code: 'DOWNLOAD_FAILED',
			problem: `What was downloaded from ${mirror.url}/kernel.deb is corrupt, and was deleted.`,
			seen: `SHA256 ${sha256}, expected ${promised.sha256}, of 100000 bytes`,
		});
		await expect(access(path)).rejects.toThrow();
		await expect(access(`${path}.part`)).rejects.toThrow();
	});

	test('at one mirror is as if that had not got it', async () => {
		mirror.files.set('/kernel.deb', { bytes: others });
		other.files.set('/kernel.deb', { bytes });
		await fetchIt(mirror, other);
		expect(await isWhole()).toBe(true);
	});

	test('may be longer, and is not followed to its end', async () => {
		mirror.files.set('/kernel.deb', { bytes: Buffer.concat([bytes, bytes]), lengthUnsaid: true });
		await expect(fetchIt(mirror)).rejects.toMatchObject({
			code: 'DOWNLOAD_FAILED',
			seen: `${mirror.url}/kernel.deb: it is longer than the 100000 bytes that the index promises`,
		});
		await expect(access(path)).rejects.toThrow();
	});

	test('may be shorter', async () => {
		mirror.files.set('/kernel.deb', { bytes: bytes.subarray(0, 10), lengthUnsaid: true });
		await expect(fetchIt(mirror)).rejects.toMatchObject({
			seen: `${mirror.url}/kernel.deb: the connection ended after 10 of 100000 bytes, which are kept`,
		});
	});
});

describe('it cannot be had', () => {
	test('where no mirror has it: each is named with its answer', async () => {
		await expect(fetchIt(mirror, other)).rejects.toMatchObject({
			code: 'DOWNLOAD_FAILED',
			seen: `${mirror.url}/kernel.deb: HTTP 404 Not Found\n${other.url}/kernel.deb: HTTP 404 Not Found`,
		});
	});

	test('where nobody answers', async () => {
		await mirror[Symbol.asyncDispose]();
		await expect(fetchIt(mirror)).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED', seen: expect.stringContaining('ECONNREFUSED') });
		mirror = await startMirror();
	});

	test('where the disk is full: what came is kept, and no other mirror is asked', async () => {
		for (const each of [mirror, other]) each.files.set('/kernel.deb', { bytes });
		path = join(cache.path, 'kernel.deb');
		await symlink('/dev/full', `${path}.part`);
		await expect(fetchIt(mirror, other)).rejects.toMatchObject({ code: 'DISK_FULL', remedy: expect.stringContaining(cache.path) });
		await access(`${path}.part`);
		expect(other.asked).toEqual([]);
	});

	test('where the cache cannot be written', async () => {
		mirror.files.set('/kernel.deb', { bytes });
		await writeFile(join(cache.path, 'downloads'), 'no folder');
		await expect(fetchIt(mirror)).rejects.toMatchObject({ code: 'SETUP_FAILED', seen: expect.stringContaining('downloads') });
	});
});
