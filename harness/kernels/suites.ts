import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFiles } from '../util/replace-files.ts';
import type { ArchiveKernel } from './archive-kernels.ts';
import { archiveFolder } from './cache.ts';

/** The suites of Debian that have kernels worth having. */
export const SUITES = ['bullseye', 'bookworm', 'trixie', 'trixie-backports'] as const;

const kernelSchema = z.object({
	release: z.string(),
	version: z.string(),
	suite: z.string(),
	packages: z.array(z.object({ name: z.string(), version: z.string(), size: z.number() })).readonly(),
});

/** Raised when what is kept of an index changes, so that what was kept before is asked for anew. */
const LAYOUT = 2;

const suiteSchema = z.object({
	layout: z.literal(LAYOUT),
	/** When the archive was asked last, ISO 8601. */
	askedAt: z.iso.datetime(),
	kernels: z.array(kernelSchema).readonly(),
});

/** What the archive has said of a suite. */
export type Suite = Omit<z.infer<typeof suiteSchema>, 'layout'>;

const pathOf = (suite: string) => join(archiveFolder(), `${suite}.json`);

/** What was kept of a suite; undefined if nothing was, or nothing that can be read. */
export async function cachedSuite(name: string): Promise<Suite | undefined> {
	const text = await readFile(pathOf(name), 'utf8').catch(() => '');
	try {
		return suiteSchema.parse(JSON.parse(text));
	} catch {
		return undefined;
	}
}

/** Keeps what the archive said of a suite. */
export async function cacheSuite(name: string, suite: Suite): Promise<void> {
	await mkdir(archiveFolder(), { recursive: true });
	await replaceFiles([{ path: pathOf(name), text: JSON.stringify({ layout: LAYOUT, ...suite }) }]);
}

/** The kernels of all suites, as the archive had them when it was asked last. */
export async function cachedKernels(): Promise<ArchiveKernel[]> {
	const suites = await Promise.all(SUITES.map(cachedSuite));
	return suites.flatMap((suite) => suite?.kernels ?? []);
}
