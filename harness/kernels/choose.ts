import { type ArchiveKernel, kernelNamed } from './archive-kernels.ts';
import { isFromArchive, type PreparedKernel } from './prepared.ts';

/** The kernel that a name stands for: one that is prepared, or one that must be fetched. */
export type Choice = { readonly ready: PreparedKernel } | { readonly fetch: ArchiveKernel };

/**
 * Resolves a name, given the prepared kernels and those in the archive. A series stands for its newest release in the
 * archive. If the archive has none of that series, it stands for the newest prepared one. Returns undefined if the name
 * is unknown.
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
