import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { askArchive, staleSuites } from './ask-archive.ts';
import { askSuite } from './ask-suite.ts';
import { temporaryCache } from './fixtures/cache.ts';
import { type Mirror, startMirror } from './fixtures/mirror.ts';
import { archiveFolder, keepSuite, keptKernels, SUITES } from './suites.ts';

/** A suite with one kernel, signed by a key that nobody has any more: its keyring is the file beside it. */
const fixture = (name: string) => fileURLToPath(new URL(`fixtures/archive/${name}`, import.meta.url));
const keyring = fixture('keyring.gpg');
const [inRelease, packages] = await Promise.all(['InRelease', 'Packages.xz'].map((name) => readFile(fixture(name))));
const tools = await Promise.all(['gpgv', 'xz'].map((tool) => execa(tool, ['--version'], { reject: false })));
/** Debian and Ubuntu have both. */
const testWithTools = tools.every(({ failed }) => !failed) ? test : test.skip;

const indexPath = '/dists/bookworm/main/binary-amd64/by-hash/SHA256/e6fbeb989c3a7e8b4f3ab5268738788bc7d013724625ae0915e19c6bcdffffad';
const now = new Date('2026-01-02T03:04:05Z');
const dayLater = new Date(now.getTime() + 86_400_001);

let cache: Awaited<ReturnType<typeof temporaryCache>>;
let mirror: Mirror;

beforeEach(async () => {
	cache = await temporaryCache();
	mirror = await startMirror({
		'/dists/bookworm/InRelease': { bytes: inRelease ?? Buffer.of() },
		[indexPath]: { bytes: packages ?? Buffer.of() },
	});
});

afterEach(async () => {
	await mirror[Symbol.asyncDispose]();
	await cache[Symbol.asyncDispose]();
});

const askIt = (suite = 'bookworm', at = now, keys = keyring) => askSuite(suite, [mirror.url], at, () => {}, keys);
const served = (text: string) => mirror.files.set('/dists/bookworm/InRelease', { bytes: Buffer.from(text) });

describe('a suite', () => {
	testWithTools('is its kernels, which are kept, and nothing else is', async () => {
		const { askedAt, kernels } = await askIt();
		expect(askedAt).toBe(now.toISOString());
		expect(kernels).toEqual([
			{
				...{ release: '6.1.0-50-cloud-amd64', version: '6.1.176-1', suite: 'bookworm' },
				files: [
					{
						path: 'pool/main/l/linux-signed-amd64/linux-image-6.1.0-50-cloud-amd64_6.1.176-1_amd64.deb',
						sha256: 'efe19f605b6f54a8352e68d85a629abb2d30b72a085faef603a9152590baa791',
						size: 26_484_304,
					},
				],
			},
		]);
		expect(await keptKernels()).toEqual(kernels);
		expect(await readdir(archiveFolder())).toEqual(['bookworm.json']);
	});

	testWithTools('is read from its index again only if that has changed', async () => {
		const first = await askIt();
		expect(await askIt('bookworm', dayLater)).toEqual({ ...first, askedAt: dayLater.toISOString() });
		expect(mirror.asked).toEqual(['/dists/bookworm/InRelease', indexPath, '/dists/bookworm/InRelease']);
	});

	testWithTools('is what was signed: what stands around that is not read', async () => {
		served(`Codename: bookworm\nSHA256:\n ${'0'.repeat(64)} 480 main/binary-amd64/Packages.xz\n\n${inRelease}`);
		expect((await askIt()).kernels).toHaveLength(1);
	});
});

describe('a suite is refused', () => {
	testWithTools('if what was signed has been changed', async () => {
		served(String(inRelease).replace('  480 main', '  481 main'));
		await expect(askIt()).rejects.toMatchObject({
			code: 'DOWNLOAD_FAILED',
			problem: `${mirror.url}/dists/bookworm/InRelease does not bear a good signature of Debian’s archive.`,
			seen: expect.stringContaining('BAD signature'),
		});
		expect(await keptKernels()).toEqual([]);
	});

	testWithTools('if it is not signed at all', async () => {
		served('Codename: bookworm\n');
		await expect(askIt()).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' });
	});

	testWithTools('if another one was signed', async () => {
		mirror.files.set('/dists/trixie/InRelease', { bytes: inRelease ?? Buffer.of() });
		await expect(askIt('trixie')).rejects.toMatchObject({
			code: 'DOWNLOAD_FAILED',
			seen: `${mirror.url}/dists/trixie: its Release is that of “bookworm”`,
		});
	});

	test('if its InRelease has no end', async () => {
		mirror.files.set('/dists/bookworm/InRelease', { bytes: Buffer.alloc(10_000_001), lengthUnsaid: true });
		await expect(askIt()).rejects.toMatchObject({
			code: 'DOWNLOAD_FAILED',
			seen: `${mirror.url}/dists/bookworm: its InRelease is longer than 10000000 bytes, and that of a suite never is`,
		});
		expect(await readdir(archiveFolder())).toEqual([]);
	});

	testWithTools('if its index is not the one that was promised', async () => {
		mirror.files.set(indexPath, { bytes: Buffer.alloc(480) });
		await expect(askIt()).rejects.toMatchObject({
			code: 'DOWNLOAD_FAILED',
			problem: expect.stringContaining('is corrupt, and was deleted'),
		});
	});

	testWithTools('if the keys are not installed', async () => {
		await expect(askIt('bookworm', now, '/nowhere/keyring.gpg')).rejects.toMatchObject({
			code: 'TOOL_MISSING',
			seen: '/nowhere/keyring.gpg is missing',
			remedy: 'install them: apt-get install debian-archive-keyring',
		});
	});
});

test('a tool that is not installed is named with its package', async () => {
	const before = process.env.PATH;
	process.env.PATH = '/nowhere';
	try {
		await expect(askIt()).rejects.toMatchObject({ code: 'TOOL_MISSING', remedy: 'install it: apt-get install gpgv' });
	} finally {
		process.env.PATH = before;
	}
});

describe('the archive', () => {
	test('is asked for suites that were not asked for within a day', async () => {
		expect(await staleSuites(now)).toEqual(SUITES);
		for (const suite of SUITES) await keepSuite(suite, { askedAt: now.toISOString(), packages: '', kernels: [] });
		await keepSuite('trixie', { askedAt: dayLater.toISOString(), packages: '', kernels: [] });
		expect(await staleSuites(now)).toEqual([]);
		expect(await staleSuites(dayLater)).toEqual(['bullseye', 'bookworm', 'trixie-backports']);
	});

	test('may have none of them: then it is told for each why', async () => {
		const errors = await askArchive(['trixie', 'bullseye'], [mirror.url], now, () => {});
		expect(errors.map(({ code, seen }) => [code, seen])).toEqual([
			['DOWNLOAD_FAILED', `${mirror.url}/dists/trixie: HTTP 404 Not Found`],
			['DOWNLOAD_FAILED', `${mirror.url}/dists/bullseye: HTTP 404 Not Found`],
		]);
	});
});
