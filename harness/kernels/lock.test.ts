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

/** Another process with the same cache. `said` gives its next line. */
function startHolder() {
	const running = execa(process.execPath, ['--import', 'tsx', HOLDER], { reject: false, buffer: false });
	const lines = createInterface({ input: running.stdout })[Symbol.asyncIterator]();
	return { running, said: async () => (await lines.next()).value };
}

describe('the lock on kernels', () => {
	test('makes a second run wait until the first has ended, and says so', async () => {
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

	test('is had at once where nobody holds it, and each time anew', async () => {
		const unexpected = () => {
			throw new Error('nobody holds it');
		};
		for (const _ of [1, 2]) {
			await using _lock = await lockKernels(unexpected);
		}
	});

	test('goes with the process that holds it, also where that is killed', async () => {
		const holder = startHolder();
		expect(await holder.said()).toBe('held');
		const second = lockKernels(() => holder.running.kill('SIGKILL'));
		await (await second)[Symbol.asyncDispose]();
		expect((await holder.running).signal).toBe('SIGKILL');
	});

	test('goes with a process that waits for it, too', async () => {
		const first = await lockKernels(() => {});
		const holder = startHolder();
		expect(await holder.said()).toBe('waiting');
		holder.running.kill('SIGKILL');
		await holder.running;
		await first[Symbol.asyncDispose]();
		await (await lockKernels(() => {}))[Symbol.asyncDispose]();
	});
});

describe('it is refused', () => {
	test('where the cache is not one', async () => {
		await writeFile(cacheFolder(), 'no folder');
		await expect(lockKernels(() => {})).rejects.toMatchObject({
			code: 'SETUP_FAILED',
			problem: 'The cache of kernels cannot be written.',
		});
	});

	test('where flock is not installed', async () => {
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
