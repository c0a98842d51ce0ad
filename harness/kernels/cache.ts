import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Returns the user's cache folder for everything that can be rebuilt: `$XDG_CACHE_HOME/halfopen`, or
 * `~/.cache/halfopen`. It may not exist yet.
 */
export function cacheFolder(): string {
	const caches = process.env.XDG_CACHE_HOME ?? '';
	// XDG Base Directory Specification: a path that is not absolute must be ignored.
	return join(isAbsolute(caches) ? caches : join(homedir(), '.cache'), 'halfopen');
}

/** Returns the folder of prepared kernels. Each kernel has a folder named after it. */
export const kernelsFolder = (): string => join(cacheFolder(), 'kernels');

/** Returns the folder with the indexes of Debian's archive and the lists of their kernels. */
export const archiveFolder = (): string => join(cacheFolder(), 'archive');
