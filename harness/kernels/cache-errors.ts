import { access, constants } from 'node:fs/promises';
import { relative } from 'node:path';
import { HalfopenError } from '../errors.ts';
import { cacheFolder } from './cache.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT']);
/** The last two mean that a file is in the place of a folder. */
const CLOSED = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST']);

/**
 * Runs `work`, which writes to the cache, and translates its errors: DISK_FULL if the disk is full or the quota is used
 * up; SETUP_FAILED if this user may not write there, or may not read the source.
 */
export async function intoCache<T>(work: () => Promise<T>): Promise<T> {
	try {
		return await work();
	} catch (error) {
		if (!isFileError(error)) throw error;
		if (FULL.has(error.code ?? '')) throw diskFull(error.message, error);
		throw (await unreadable(error)) ?? unwritable(error);
	}
}

/** Whether the error comes from this machine's files, not from a download. */
export function isFileError(error: unknown): error is NodeJS.ErrnoException {
	const { code = '' } = error as NodeJS.ErrnoException;
	return FULL.has(code) || CLOSED.has(code);
}

/**
 * Returns an error if the source cannot be read. Nothing is written outside of the cache, but the error of a failed
 * copy names both files, and not which of them failed.
 */
async function unreadable(error: NodeJS.ErrnoException): Promise<HalfopenError | undefined> {
	const { path } = error;
	if (path === undefined || !isOutside(path, cacheFolder()) || !isOutside(cacheFolder(), path)) return undefined;
	if (await canRead(path)) return undefined;
	return new HalfopenError('SETUP_FAILED', {
		problem: `${path} cannot be read.`,
		seen: error.message,
		remedy: 'Give this user permission to read it and its parent folders, or run the command as a user who has it.',
		cause: error,
	});
}

function unwritable(error: NodeJS.ErrnoException): HalfopenError {
	return new HalfopenError('SETUP_FAILED', {
		problem: 'The cache of kernels cannot be written.',
		seen: error.message,
		remedy: `Give this user permission to write to ${cacheFolder()}, or set XDG_CACHE_HOME to another folder.`,
		cause: error,
	});
}

const isOutside = (path: string, folder: string) => /^\.\.(\/|$)/.test(relative(folder, path));

async function canRead(path: string): Promise<boolean> {
	return access(path, constants.R_OK).then(
		() => true,
		() => false,
	);
}

/** Returns DISK_FULL: the disk of the cache is full. */
export function diskFull(seen: string, cause?: unknown): HalfopenError {
	return new HalfopenError('DISK_FULL', {
		problem: 'No space is left for kernels.',
		seen,
		remedy:
			`Free space on the disk of ${cacheFolder()}, or set XDG_CACHE_HOME to a folder on another disk. Then run the ` +
			'command again: what was fetched is kept.',
		cause,
	});
}
