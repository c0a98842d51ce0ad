import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { HalfopenError } from '../errors.ts';
import { cacheFolder } from './cache.ts';
import { intoCache } from './cache-errors.ts';
import { lastLines, runTool } from './tools.ts';

/**
 * Takes the lock for fetching and preparing kernels in this cache. It is released when the result is disposed of.
 * `onWait` is called if another process has the lock. Rejects with SETUP_FAILED if the cache cannot be written or
 * locked, with TOOL_MISSING or DISK_FULL.
 */
export async function lockKernels(onWait: () => void): Promise<AsyncDisposable> {
	const path = join(cacheFolder(), 'kernels.lock');
	const file = await intoCache(async () => {
		await mkdir(cacheFolder(), { recursive: true });
		return open(path, 'a');
	});
	try {
		// The lock belongs to the open file description, not to the process flock. It lasts until this process closes the
		// file or ends, however it ends (flock(2)).
		if ((await runTool('flock', ['--nonblock', '3'], { descriptors: [file.fd] })).failed) {
			onWait();
			const { failed, stderr } = await runTool('flock', ['3'], { descriptors: [file.fd] });
			if (failed) throw unlockable(path, lastLines(stderr));
		}
	} catch (error) {
		await file.close();
		throw error;
	}
	return { [Symbol.asyncDispose]: () => file.close() };
}

function unlockable(path: string, seen: string): HalfopenError {
	return new HalfopenError('SETUP_FAILED', {
		problem: `${path} cannot be locked. Without a lock two runs could damage each other’s kernels.`,
		seen,
		remedy: 'Set XDG_CACHE_HOME to a folder on a file system that supports locks.',
	});
}
