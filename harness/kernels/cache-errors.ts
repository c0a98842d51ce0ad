import { HalfopenError } from '../errors.ts';
import { cacheFolder } from './cache.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT']);
/** The last two: a file is where a folder should be. */
const CLOSED = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST']);

/** Does what writes into the cache. DISK_FULL if there is no space left or the quota is used up, SETUP_FAILED if this user may not write there. */
export async function intoCache<T>(work: () => Promise<T>): Promise<T> {
	try {
		return await work();
	} catch (error) {
		if (!isOfCache(error)) throw error;
		if (FULL.has(error.code ?? '')) throw diskFull(error.message, error);
		throw new HalfopenError('SETUP_FAILED', {
			problem: 'The cache for kernels cannot be written.',
			seen: error.message,
			remedy: `let this user write to ${cacheFolder()}, or name another folder with XDG_CACHE_HOME`,
			cause: error,
		});
	}
}

/** Whether it is the cache that failed, whatever was to be written. */
export function isOfCache(error: unknown): error is NodeJS.ErrnoException {
	const { code = '' } = error as NodeJS.ErrnoException;
	return FULL.has(code) || CLOSED.has(code);
}

/** The disk of the cache is full: DISK_FULL. */
export function diskFull(seen: string, cause?: unknown): HalfopenError {
	return new HalfopenError('DISK_FULL', {
		problem: 'There is no space left for kernels.',
		seen,
		remedy: `make room on the disk of ${cacheFolder()}, or name another one with XDG_CACHE_HOME; what was fetched is kept, so run it again`,
		cause,
	});
}
