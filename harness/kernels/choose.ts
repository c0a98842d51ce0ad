import { type ArchiveKernel, kernelNamed } from './archive-kernels.ts';
import { isFromArchive, type PreparedKernel } from './prepared.ts';

/** What a name means: a kernel that is ready, or one that must be fetched. */
export type Choice = { readonly ready: PreparedKernel } | { readonly fetch: ArchiveKernel };

/**
 * What a name means, given what is ready and what the archive has; undefined if neither knows it. A series is the
 * newest of the archive, and only where the archive has none of it, the newest that is ready.
 */
export function choose(
	name: string,
	prepared: readonly PreparedKernel[],
	archive: readonly ArchiveKernel[],
): Choice | undefined {
	const exact = prepared.find((kernel) => kernel.name === name);
	if (exact) return { ready: exact };
	const ofArchive = prepared.filter(isFromArchive);
	const newest = kernelNamed(name, archive);
	const ready = newest ? ofArchive.find((kernel) => kernel.name === newest.release) : kernelNamed(name, ofArchive);
	if (ready) return { ready };
	return newest && { fetch: newest };
}
