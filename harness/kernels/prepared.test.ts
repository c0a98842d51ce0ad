import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cacheFolder } from './cache.ts';
import { choose } from './choose.ts';
import { temporaryCache } from './fixtures/cache.ts';
import { archiveLines, preparedLines } from './list.ts';
import { type KernelRecord, preparedKernel, preparedKernels, recordText } from './prepared.ts';
import { cachedKernels, cachedSuite, cacheSuite } from './suites.ts';

const fetchedAt = '2026-01-02T03:04:05.000Z';
let cache: Awaited<ReturnType<typeof temporaryCache>>;

beforeEach(async () => {
	cache = await temporaryCache();
});

afterEach(async () => {
	await cache[Symbol.asyncDispose]();
});

async function addKernel(name: string, version?: string, text?: string): Promise<void> {
	const folder = join(cacheFolder(), 'kernels', name);
	await mkdir(folder, { recursive: true });
	const record: KernelRecord = {
		name,
		release: version === undefined ? '6.1.0-own' : name,
		fetchedAt,
		...(version && { version, suite: 'bookworm' }),
	};
	await writeFile(join(folder, 'kernel.json'), text ?? recordText(record));
}

const known = (release: string, version: string) => ({
	release,
	version,
	suite: 'bookworm',
	packages: [{ name: 'linux-image', version: '1', size: 2_000_000 }],
});
const cacheArchive = (...kernels: readonly ReturnType<typeof known>[]) =>
	cacheSuite('bookworm', { askedAt: fetchedAt, kernels });

describe('prepared kernels', () => {
	test('are listed with Debian’s newest first, and those of the user at the end', async () => {
		await addKernel('mine');
		await addKernel('6.1.0-9-cloud-amd64', '6.1.27-1');
		await addKernel('6.1.0-50-cloud-amd64', '6.1.176-1');
		expect((await preparedKernels()).map(({ name }) => name)).toEqual([
			'6.1.0-50-cloud-amd64',
			'6.1.0-9-cloud-amd64',
			'mine',
		]);
	});

	test('are found by series, by release, and by a name of the user', async () => {
		await addKernel('mine');
		await addKernel('6.1.0-9-cloud-amd64', '6.1.27-1');
		await addKernel('6.1.0-50-cloud-amd64', '6.1.176-1');
		const named = async (name: string) => (await preparedKernel(name)).name;
		expect(await named('6.1')).toBe('6.1.0-50-cloud-amd64');
		expect(await named('6.1.0-9-cloud-amd64')).toBe('6.1.0-9-cloud-amd64');
		expect(await named('mine')).toBe('mine');
		const folder = join(cacheFolder(), 'kernels', 'mine');
		expect(await preparedKernel('mine')).toEqual({
			...{ name: 'mine', release: '6.1.0-own', fetchedAt },
			...{ image: join(folder, 'vmlinuz'), modules: join(folder, 'modules') },
		});
	});

	test('do not include folders that are invalid, unfinished, or of another layout', async () => {
		await addKernel('.6.1.1', '6.1.176-1');
		await addKernel('a', '1', 'not JSON');
		await addKernel('b', '1', '{"layout":2,"name":"b"}');
		await addKernel('c', '1', recordText({ name: 'c', release: 'c', fetchedAt }).replace('"layout": 4', '"layout": 3'));
		await mkdir(join(cacheFolder(), 'kernels', 'd'));
		expect(await preparedKernels()).toEqual([]);
	});
});

describe('a kernel that is not prepared', () => {
	test('is missing if the archive has it', async () => {
		await cacheArchive(known('6.1.0-50-cloud-amd64', '6.1.176-1'));
		await addKernel('mine');
		for (const name of ['6.1', '6.1.0-50-cloud-amd64']) {
			await expect(preparedKernel(name)).rejects.toMatchObject({
				code: 'KERNEL_MISSING',
				problem: `Kernel ${name} is not fetched yet.`,
				seen: `in ${join(cacheFolder(), 'kernels')}: mine`,
				remedy: `Fetch it: \`npm run kernels -- ${name}\`.`,
			});
		}
	});

	test('is missing if it is a series, and there is no cached list of the archive', async () => {
		await expect(preparedKernel('9.9')).rejects.toMatchObject({
			code: 'KERNEL_MISSING',
			remedy: 'Fetch it: `npm run kernels -- 9.9`.',
		});
	});

	test('is unknown otherwise, with the nearest names of prepared and archived kernels', async () => {
		await cacheArchive(known('6.1.0-50-cloud-amd64', '6.1.176-1'));
		await addKernel('mine');
		await expect(preparedKernel('mime')).rejects.toMatchObject({
			code: 'KERNEL_UNKNOWN',
			seen: expect.stringMatching(/^nearest: mine, /),
		});
		await expect(preparedKernel('6.2')).rejects.toMatchObject({
			code: 'KERNEL_UNKNOWN',
			seen: expect.stringMatching(/^nearest: 6\.1, /),
		});
		await expect(preparedKernel('6.1.0-5-cloud-amd64')).rejects.toMatchObject({
			code: 'KERNEL_UNKNOWN',
			seen: expect.stringMatching(/^nearest: 6\.1\.0-50-cloud-amd64, /),
		});
	});

	test('is unknown without prepared kernels and cached lists', async () => {
		await expect(preparedKernel('mine')).rejects.toMatchObject({ code: 'KERNEL_UNKNOWN', seen: undefined });
	});
});

describe('the cached lists of the archive', () => {
	test('contain all suites', async () => {
		const [old, young] = [known('5.10.0-32-cloud-amd64', '5.10.223-1'), known('6.1.0-50-cloud-amd64', '6.1.176-1')];
		await cacheSuite('bullseye', { askedAt: fetchedAt, kernels: [old] });
		await cacheArchive(young);
		expect(await cachedKernels()).toEqual([old, young]);
	});

	test('are ignored if they are damaged', async () => {
		await cacheArchive(known('6.1.0-50-cloud-amd64', '6.1.176-1'));
		await writeFile(join(cacheFolder(), 'archive', 'bookworm.json'), '{"layout":1');
		expect([await cachedSuite('bookworm'), await cachedKernels()]).toEqual([undefined, []]);
	});
});

describe('a name on the command line', () => {
	const archive = [known('6.1.0-9-cloud-amd64', '6.1.27-1'), known('6.1.0-50-cloud-amd64', '6.1.176-1')];

	test('of a series stands for its newest kernel, even if an older one is prepared', async () => {
		await addKernel('6.1.0-9-cloud-amd64', '6.1.27-1');
		expect(choose('6.1', await preparedKernels(), archive)).toEqual({ fetch: archive[1] });
		expect(choose('6.1.0-9-cloud-amd64', await preparedKernels(), archive)).toMatchObject({
			ready: { name: '6.1.0-9-cloud-amd64' },
		});
		await addKernel('6.1.0-50-cloud-amd64', '6.1.176-1');
		expect(choose('6.1', await preparedKernels(), archive)).toMatchObject({ ready: { name: '6.1.0-50-cloud-amd64' } });
	});

	test('stands for a prepared kernel if the archive has none', async () => {
		await addKernel('6.1.0-9-cloud-amd64', '6.1.27-1');
		await addKernel('mine');
		expect(choose('6.1', await preparedKernels(), [])).toMatchObject({ ready: { name: '6.1.0-9-cloud-amd64' } });
		expect(choose('mine', await preparedKernels(), [])).toMatchObject({ ready: { name: 'mine' } });
		expect(choose('6.2', await preparedKernels(), archive)).toBeUndefined();
	});
});

test('the list shows the newest kernel of each series, and which are prepared', async () => {
	await addKernel('6.1.0-50-cloud-amd64', '6.1.176-1');
	const archive = [
		known('6.1.0-9-cloud-amd64', '6.1.27-1'),
		known('5.10.0-32-cloud-amd64', '5.10.223-1'),
		known('6.1.0-50-cloud-amd64', '6.1.176-1'),
	];
	expect(archiveLines(archive, await preparedKernels())).toEqual([
		'  series  release                version     suite     download',
		'  6.1     6.1.0-50-cloud-amd64   6.1.176-1   bookworm  2.0 MB    prepared',
		'  5.10    5.10.0-32-cloud-amd64  5.10.223-1  bookworm  2.0 MB',
	]);
	const [kernel] = await preparedKernels();
	if (!kernel) throw new Error('the kernel is not prepared');
	expect(preparedLines([{ kernel, folder: '/there', bytes: 17_340_000 }])).toEqual([
		'  name                  version    size     folder',
		'  6.1.0-50-cloud-amd64  6.1.176-1  17.3 MB  /there',
	]);
});
