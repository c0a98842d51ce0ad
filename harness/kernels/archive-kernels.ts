import { compareVersions } from './debian-version.ts';
import type { ArchivePackage } from './packages.ts';

/** A package of a kernel, in the archive. */
export interface KernelPackage {
	readonly name: string;
	readonly version: string;
	/** Bytes. */
	readonly size: number;
}

/** A kernel that the archive has. */
export interface ArchiveKernel {
	/** As `uname -r` says it: `6.1.0-50-cloud-amd64`. */
	readonly release: string;
	/** Of the package: `6.1.176-1`. */
	readonly version: string;
	/** Of Debian: `bookworm`. */
	readonly suite: string;
	/** All that it is made of. */
	readonly packages: readonly KernelPackage[];
}

const IMAGE = 'linux-image-';

/**
 * The kernels among a suite's packages: flavour cloud, signed, and whole. Of older ones the archive may keep the image
 * and not its modules.
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
 * An image's package and those that it is split into: what it demands in exactly its own version, and so on; undefined
 * if one is not in the archive.
 */
function partsOf(image: ArchivePackage, packages: ReadonlyMap<string, ArchivePackage>): ArchivePackage[] | undefined {
	const demandedBy = ({ exact }: ArchivePackage) => exact.filter(({ version }) => version === image.version);
	// Before 6.19 linux-base-* has documents only, and went from the archive while the image stayed.
	if (demandedBy(image).every(({ name }) => name.startsWith('linux-base-'))) return [image];
	const parts = new Set([image]);
	for (const one of parts) {
		for (const demanded of demandedBy(one)) {
			const part = packages.get(keyOf(demanded));
			if (part === undefined) return undefined;
			parts.add(part);
		}
	}
	return [...parts];
}

/** `6.1`: stands for the newest 6.1.x that there is. */
export const isSeries = (name: string): boolean => /^\d+\.\d+$/.test(name);

/** The series that a release belongs to. */
export const seriesOf = (release: string): string => /^\d+\.\d+/.exec(release)?.[0] ?? release;

/** The kernel that a name means: the newest of a series, or the one of that release; undefined if there is none. */
export function kernelNamed<K extends { readonly release: string; readonly version: string }>(
	name: string,
	kernels: readonly K[],
): K | undefined {
	const matching = kernels.filter(({ release }) => (isSeries(name) ? seriesOf(release) === name : release === name));
	return newestFirst(matching)[0];
}

/** The same kernels, in order of their versions. */
export function newestFirst<K extends { readonly version: string }>(kernels: readonly K[]): K[] {
	return [...kernels].sort((a, b) => compareVersions(b.version, a.version));
}
