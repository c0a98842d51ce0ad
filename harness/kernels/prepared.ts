import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import { nearestNames } from '../util/nearest.ts';
import { isSeries, kernelNamed, newestFirst, seriesOf } from './archive-kernels.ts';
import { kernelsFolder } from './cache.ts';
import { cachedKernels } from './suites.ts';

/** In the folder of a prepared kernel: what it is, as `KernelRecord`. */
export const RECORD = 'kernel.json';
/** In the folder of a prepared kernel: its bzImage. */
export const IMAGE = 'vmlinuz';
/** In the folder of a prepared kernel: the folder of its modules. */
export const MODULES = 'modules';
/** In the folder of modules: their file names, line by line, as they must be inserted. */
export const ORDER = 'order';

/** Raised when what is in such a folder changes, so that one of before counts as missing and is made anew. */
const LAYOUT = 1;

const recordSchema = z.object({
	layout: z.literal(LAYOUT),
	name: z.string(),
	/** As `uname -r` says it. */
	release: z.string(),
	/** Of Debian's package and the suite it came from; a kernel of the user's own has neither. */
	version: z.string().optional(),
	suite: z.string().optional(),
	/** ISO 8601. */
	fetchedAt: z.iso.datetime(),
});

/** What `kernel.json` says of a prepared kernel. */
export type KernelRecord = Omit<z.infer<typeof recordSchema>, 'layout'>;

/** The text of `kernel.json`. */
export const recordText = (record: KernelRecord): string =>
	`${JSON.stringify({ layout: LAYOUT, ...record }, null, '\t')}\n`;

/** A kernel that is ready to be booted. */
export interface PreparedKernel extends KernelRecord {
	/** Path of the bzImage. */
	readonly image: string;
	/**
	 * Path of the folder with its modules, uncompressed, and `order`: their file names, line by line, as they must be
	 * inserted.
	 */
	readonly modules: string;
}

/** All kernels that are ready, the newest first, the user's own at the end. */
export async function preparedKernels(): Promise<PreparedKernel[]> {
	const names = await readdir(kernelsFolder()).catch(() => []);
	const found = await Promise.all(names.filter((name) => !name.startsWith('.')).map(readPrepared));
	const all = found.filter((kernel) => kernel !== undefined);
	return [...newestFirst(all.filter(isFromArchive)), ...all.filter((kernel) => !isFromArchive(kernel))];
}

/**
 * The kernel of this name: a series (`6.1`: the newest of it that is ready), a release, or a name of the user's own.
 * KERNEL_MISSING if it must be fetched first, KERNEL_UNKNOWN with the nearest names if the archive, when it was asked
 * last, had none of this name. Where it was never asked, any series may be one.
 */
export async function preparedKernel(name: string): Promise<PreparedKernel> {
	const prepared = await preparedKernels();
	const match = prepared.find((kernel) => kernel.name === name) ?? kernelNamed(name, prepared.filter(isFromArchive));
	if (match) return match;
	const known = await cachedKernels();
	if (known.length > 0 ? !kernelNamed(name, known) : !isSeries(name)) {
		throw unknownKernel(name, [...prepared.map((kernel) => kernel.name), ...known.map(({ release }) => release)]);
	}
	throw new HalfopenError('KERNEL_MISSING', {
		problem: `Kernel ${name} has not been fetched yet.`,
		seen: `in ${kernelsFolder()}: ${prepared.map((kernel) => kernel.name).join(', ') || 'none'}`,
		remedy: `fetch it: npm run kernels -- ${name}`,
	});
}

/** No such kernel is here or in the archive: KERNEL_UNKNOWN. */
export function unknownKernel(name: string, releases: readonly string[]): HalfopenError {
	const names = new Set([...releases.filter((release) => /^\d/.test(release)).map(seriesOf), ...releases]);
	return new HalfopenError('KERNEL_UNKNOWN', {
		problem: `There is no kernel “${name}”.`,
		seen: names.size > 0 ? `the nearest: ${nearestNames(name, names).join(', ')}` : undefined,
		remedy: 'take one of those that `npm run kernels -- --list` shows, by its series or its release',
	});
}

/** It came from Debian, so that it has a version. */
export const isFromArchive = (kernel: PreparedKernel): kernel is PreparedKernel & { readonly version: string } =>
	kernel.version !== undefined;

/** Undefined for what is no kernel of ours. */
async function readPrepared(name: string): Promise<PreparedKernel | undefined> {
	const folder = join(kernelsFolder(), name);
	const text = await readFile(join(folder, RECORD), 'utf8').catch(() => '');
	try {
		const { layout: _, ...record } = recordSchema.parse(JSON.parse(text));
		return { ...record, image: join(folder, IMAGE), modules: join(folder, MODULES) };
	} catch {
		return undefined;
	}
}
