import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { cacheFolder } from './cache.ts';
import { temporaryCache } from './fixtures/cache.ts';
import { lockKernels } from './lock.ts';

const HOLDER = fileURLToPath(new URL('fixtures/lock-holder.ts', import.meta.url));

let cache: Awaited<ReturnType<typeof temporaryCache>>;

beforeEach(async () => {
	cache = await temporaryCache();
});

afterEach(async () => {
	await cache[Symbol.asyncDispose]();
});

/** Starts another process with the same cache. `nextLine` resolves with its next line of output. */
function startHolder() {
	const running = execa(process.execPath, ['--import', 'tsx', HOLDER], { reject: false, buffer: false });
	const lines = createInterface({ input: running.stdout })[Symbol.asyncIterator]();
	return { running, nextLine: async () => (await lines.next()).value };
}

describe('the lock on kernels', () => {
	test('makes a second process wait until the first releases it, and calls onWait', async () => {
		let ended = false;
		const first = await lockKernels(() => {});
		let second: Promise<boolean> | undefined;
		await new Promise<void>((waiting) => {
			second = lockKernels(waiting).then(async (lock) => {
				await lock[Symbol.asyncDispose]();
				return ended;
			});
		});
		ended = true;
		await first[Symbol.asyncDispose]();
		expect(await second).toBe(true);
	});

	test('is taken at once if it is free, and can be taken again', async () => {
		const unexpected = () => {
			throw new Error('the lock is free');
		};
		for (const _ of [1, 2]) {
			await using _lock = await lockKernels(unexpected);
		}
	});

	test('is released when its process is killed', async () => {
		const holder = startHolder();
		expect(await holder.nextLine()).toBe('held');
		const second = lockKernels(() => holder.running.kill('SIGKILL'));
		await (await second)[Symbol.asyncDispose]();
		expect((await holder.running).signal).toBe('SIGKILL');
	});

	test('can be taken after a process that waited for it was killed', async () => {
		const first = await lockKernels(() => {});
		const holder = startHolder();
		expect(await holder.nextLine()).toBe('waiting');
		holder.running.kill('SIGKILL');
		await holder.running;
		await first[Symbol.asyncDispose]();
		await (await lockKernels(() => {}))[Symbol.asyncDispose]();
	});
});

describe('the lock fails', () => {
	test('if the cache is not a folder', async () => {
		await writeFile(cacheFolder(), 'no folder');
		await expect(lockKernels(() => {})).rejects.toMatchObject({
			code: 'SETUP_FAILED',
			problem: 'The cache of kernels cannot be written.',
		});
	});

	test('if flock is not installed', async () => {
		const before = process.env.PATH;
		process.env.PATH = '/nowhere';
		try {
			await expect(lockKernels(() => {})).rejects.toMatchObject({
				code: 'TOOL_MISSING',
				remedy: 'Install it: `apt-get install util-linux`.',
			});
		} finally {
			process.env.PATH = before;
		}
	});
});
