import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * Where halfopen keeps what it need not make twice, for this user: `$XDG_CACHE_HOME/halfopen`, else
 * `~/.cache/halfopen`. It may not be there yet.
 */
export function cacheFolder(): string {
	const caches = process.env.XDG_CACHE_HOME ?? '';
	// The XDG specification: a path that is not absolute counts as none.
	return join(isAbsolute(caches) ? caches : join(homedir(), '.cache'), 'halfopen');
}

/** Where prepared kernels are, each in a folder of its name. */
export const kernelsFolder = (): string => join(cacheFolder(), 'kernels');

/** Where indexes of Debian's archive are, and what they say of kernels. */
export const archiveFolder = (): string => join(cacheFolder(), 'archive');
