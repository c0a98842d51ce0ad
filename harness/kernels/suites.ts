import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFiles } from '../replace-files.ts';
import type { ArchiveKernel } from './archive-kernels.ts';
import { cacheFolder } from './cache.ts';

/** The suites of Debian that have kernels worth having. */
export const SUITES = ['bullseye', 'bookworm', 'trixie', 'trixie-backports'] as const;

const kernelSchema = z.object({
	release: z.string(),
	version: z.string(),
	suite: z.string(),
	files: z.array(z.object({ path: z.string(), sha256: z.string(), size: z.number() })).readonly(),
});

/** Raised when what is kept of an index changes, so that what was kept before is asked for anew. */
const LAYOUT = 1;

const suiteSchema = z.object({
	layout: z.literal(LAYOUT),
	/** When the archive was asked last, ISO 8601. */
	askedAt: z.iso.datetime(),
	/** SHA256 of the Packages index that this was read from. */
	packages: z.string(),
	kernels: z.array(kernelSchema).readonly(),
});

/** What the archive has said of a suite. */
export type Suite = Omit<z.infer<typeof suiteSchema>, 'layout'>;

/** Where indexes of the archive are kept. */
export const archiveFolder = (): string => join(cacheFolder(), 'archive');

const pathOf = (suite: string) => join(archiveFolder(), `${suite}.json`);

/** What was kept of a suite; undefined if nothing was, or nothing that can be read. */
export async function keptSuite(name: string): Promise<Suite | undefined> {
	const text = await readFile(pathOf(name), 'utf8').catch(() => '');
	try {
		return suiteSchema.parse(JSON.parse(text));
	} catch {
		return undefined;
	}
}

/** Keeps what the archive said of a suite. */
export async function keepSuite(name: string, suite: Suite): Promise<void> {
	await mkdir(archiveFolder(), { recursive: true });
	await replaceFiles([{ path: pathOf(name), text: JSON.stringify({ layout: LAYOUT, ...suite }) }]);
}

/** The kernels of all suites, as the archive had them when it was asked last. */
export async function keptKernels(): Promise<ArchiveKernel[]> {
	const suites = await Promise.all(SUITES.map(keptSuite));
	return suites.flatMap((suite) => suite?.kernels ?? []);
}
