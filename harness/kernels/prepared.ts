import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HalfopenError } from '../errors.ts';
import { nearestNames } from '../util/nearest.ts';
import { isSeries, kernelNamed, newestFirst, seriesOf } from './archive-kernels.ts';
import { kernelsFolder } from './cache.ts';
import { cachedKernels } from './suites.ts';

/** The description of a prepared kernel, in its folder: a `KernelRecord`. */
export const RECORD = 'kernel.json';
/** The bzImage of a prepared kernel, in its folder. */
export const IMAGE = 'vmlinuz';
/** The folder of modules of a prepared kernel, in its folder. */
export const MODULES = 'modules';
/** A file in the folder of modules: the names of the module files, one per line, in the order of insertion. */
export const ORDER = 'order';

/**
 * Version of the folder's layout and of the list of modules in it (wanted-modules.ts). Folders with another version
 * count as missing and are created again.
 */
const LAYOUT = 4;

const recordSchema = z.object({
	layout: z.literal(LAYOUT),
	name: z.string(),
	/** The release as in `uname -r`. */
	release: z.string(),
	/** The version of Debian's package and its suite. A kernel of the user has neither. */
	version: z.string().optional(),
	suite: z.string().optional(),
	/** ISO 8601. */
	fetchedAt: z.iso.datetime(),
});

/** The contents of `kernel.json`. */
export type KernelRecord = Omit<z.infer<typeof recordSchema>, 'layout'>;

/** Returns the text of `kernel.json`. */
export const recordText = (record: KernelRecord): string =>
	`${JSON.stringify({ layout: LAYOUT, ...record }, null, '\t')}\n`;

/** A kernel that is ready to boot. */
export interface PreparedKernel extends KernelRecord {
	/** Path of the bzImage. */
	readonly image: string;
	/**
	 * Path of the folder with its modules, decompressed, and `order`: their file names, one per line, in the order of
	 * insertion.
	 */
	readonly modules: string;
}

/** Returns all prepared kernels, the newest first and those of the user last. */
export async function preparedKernels(): Promise<PreparedKernel[]> {
	const names = await readdir(kernelsFolder()).catch(() => []);
	const found = await Promise.all(names.filter((name) => !name.startsWith('.')).map(readPrepared));
	const all = found.filter((kernel) => kernel !== undefined);
	return [...newestFirst(all.filter(isFromArchive)), ...all.filter((kernel) => !isFromArchive(kernel))];
}

/**
 * Returns the prepared kernel with this name: a series (`6.1`, its newest prepared release), a release, or the name of
 * a kernel of the user. Rejects with KERNEL_MISSING if it must be fetched first, and with KERNEL_UNKNOWN and the
 * nearest names if the cached lists of the archive have none of this name. If there is no cached list, any series may
 * exist.
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
		problem: `Kernel ${name} is not fetched yet.`,
		seen: `in ${kernelsFolder()}: ${prepared.map((kernel) => kernel.name).join(', ') || 'none'}`,
		remedy: `Fetch it: \`npm run kernels -- ${name}\`.`,
	});
}

/** Returns KERNEL_UNKNOWN: the kernel is neither prepared nor in the archive. */
export function unknownKernel(name: string, releases: readonly string[]): HalfopenError {
	const names = new Set([...releases.filter((release) => /^\d/.test(release)).map(seriesOf), ...releases]);
	return new HalfopenError('KERNEL_UNKNOWN', {
		problem: `There is no kernel “${name}”.`,
		seen: names.size > 0 ? `nearest: ${nearestNames(name, names).join(', ')}` : undefined,
		remedy: 'Choose one that `npm run kernels -- --list` shows, by its series or its release.',
	});
}

/** Whether the kernel came from Debian and so has a version. */
export const isFromArchive = (kernel: PreparedKernel): kernel is PreparedKernel & { readonly version: string } =>
	kernel.version !== undefined;

/** Reads the folder of a prepared kernel. Returns undefined if the folder is not one. */
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
