import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFiles } from '../util/replace-files.ts';
import type { ArchiveKernel } from './archive-kernels.ts';
import { archiveFolder } from './cache.ts';

/** The suites of Debian whose kernels can be fetched. */
export const SUITES = ['bullseye', 'bookworm', 'trixie', 'trixie-backports'] as const;

const kernelSchema = z.object({
	release: z.string(),
	version: z.string(),
	suite: z.string(),
	packages: z.array(z.object({ name: z.string(), version: z.string(), size: z.number() })).readonly(),
});

/** Version of the cached list's layout. Lists with another version count as missing. */
const LAYOUT = 2;

const suiteSchema = z.object({
	layout: z.literal(LAYOUT),
	/** When the list was fetched, ISO 8601. */
	askedAt: z.iso.datetime(),
	kernels: z.array(kernelSchema).readonly(),
});

/** The cached list of a suite's kernels. */
export type Suite = Omit<z.infer<typeof suiteSchema>, 'layout'>;

const pathOf = (suite: string) => join(archiveFolder(), `${suite}.json`);

/** Returns the cached list of a suite, or undefined if it is missing or unreadable. */
export async function cachedSuite(name: string): Promise<Suite | undefined> {
	const text = await readFile(pathOf(name), 'utf8').catch(() => '');
	try {
		return suiteSchema.parse(JSON.parse(text));
	} catch {
		return undefined;
	}
}

/** Caches the list of a suite. */
export async function cacheSuite(name: string, suite: Suite): Promise<void> {
	await mkdir(archiveFolder(), { recursive: true });
	await replaceFiles([{ path: pathOf(name), text: JSON.stringify({ layout: LAYOUT, ...suite }) }]);
}

/** Returns the kernels of all suites, from the cached lists. */
export async function cachedKernels(): Promise<ArchiveKernel[]> {
	const suites = await Promise.all(SUITES.map(cachedSuite));
	return suites.flatMap((suite) => suite?.kernels ?? []);
}
