import { compareVersions } from '../util/versions.ts';
import type { ArchivePackage } from './packages.ts';

/** A package of a kernel in the archive. */
export interface KernelPackage {
	readonly name: string;
	readonly version: string;
	/** In bytes. */
	readonly size: number;
}

/** A kernel in the archive. */
export interface ArchiveKernel {
	/** The release as in `uname -r`: `6.1.0-50-cloud-amd64`. */
	readonly release: string;
	/** The version of the package: `6.1.176-1`. */
	readonly version: string;
	/** Debian's suite: `bookworm`. */
	readonly suite: string;
	/** All packages that the kernel consists of. */
	readonly packages: readonly KernelPackage[];
}

const IMAGE = 'linux-image-';

/**
 * Returns the kernels among a suite's packages: signed, of the flavour `cloud`, and complete. The archive may contain
 * the image of an older kernel without its modules.
 */
export function kernelsAmong(packages: readonly ArchivePackage[], suite: string): ArchiveKernel[] {
	const byKey = new Map(packages.map((one) => [keyOf(one), one]));
	return packages
		.filter(({ name }) => /^linux-image-\d\S*-cloud-amd64$/.test(name))
		.flatMap((image) => {
			const parts = partsOf(image, byKey);
			if (parts === undefined) return [];
			const own = parts.map(({ name, version, size }) => ({ name, version, size }));
			return [{ release: image.name.slice(IMAGE.length), version: image.version, suite, packages: own }];
		});
}

const keyOf = ({ name, version }: { readonly name: string; readonly version: string }) => `${name} ${version}`;

/**
 * Returns the package of an image and the packages that it depends on in exactly its own version, transitively. Returns
 * undefined if one of them is not in the archive.
 */
function partsOf(image: ArchivePackage, packages: ReadonlyMap<string, ArchivePackage>): ArchivePackage[] | undefined {
	const dependenciesOf = ({ exact }: ArchivePackage) => exact.filter(({ version }) => version === image.version);
	// Before 6.19 linux-base-* contains only documents, and it may be removed from the archive before the image.
	if (dependenciesOf(image).every(({ name }) => name.startsWith('linux-base-'))) return [image];
	const parts = new Set([image]);
	for (const one of parts) {
		for (const dependency of dependenciesOf(one)) {
			const part = packages.get(keyOf(dependency));
			if (part === undefined) return undefined;
			parts.add(part);
		}
	}
	return [...parts];
}

/** Whether a name is a series, such as `6.1`, which stands for its newest release. */
export const isSeries = (name: string): boolean => /^\d+\.\d+$/.test(name);

/** Returns the series of a release. */
export const seriesOf = (release: string): string => /^\d+\.\d+/.exec(release)?.[0] ?? release;

/**
 * Returns the kernel that a name stands for: the newest of a series, or the one with that release. Returns undefined if
 * there is none.
 */
export function kernelNamed<K extends { readonly release: string; readonly version: string }>(
	name: string,
	kernels: readonly K[],
): K | undefined {
	const matching = kernels.filter(({ release }) => (isSeries(name) ? seriesOf(release) === name : release === name));
	return newestFirst(matching)[0];
}

/** Returns the kernels sorted by version, the newest first. */
export function newestFirst<K extends { readonly version: string }>(kernels: readonly K[]): K[] {
	return [...kernels].sort((a, b) => compareVersions(b.version, a.version));
}
