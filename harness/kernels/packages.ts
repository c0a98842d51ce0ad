import type { KernelPackage } from './archive-kernels.ts';
import { paragraphsOf, parseParagraph } from './control.ts';

/** The fields of a package in Debian's archive that are needed to find and fetch a kernel. */
export interface ArchivePackage extends KernelPackage {
	/** Dependencies on one exact version. */
	readonly exact: readonly { readonly name: string; readonly version: string }[];
}

/**
 * Returns the packages of a Packages index whose names have this prefix. A paragraph that lacks a required field is
 * skipped.
 */
export function parsePackages(text: string, prefix: string): ArchivePackage[] {
	return paragraphsOf(text)
		.filter((paragraph) => paragraph.trimStart().startsWith(`Package: ${prefix}`))
		.flatMap((paragraph) => {
			const fields = parseParagraph(paragraph);
			const [name, version, size] = [fields.get('Package'), fields.get('Version'), Number(fields.get('Size'))];
			if (!(name && version && Number.isSafeInteger(size) && size > 0)) return [];
			return [
				{ name, version, size, exact: exactly(`${fields.get('Pre-Depends') ?? ''},${fields.get('Depends') ?? ''}`) },
			];
		});
}

/** Returns the dependencies on one exact version, without alternatives. */
function exactly(depends: string): { name: string; version: string }[] {
	return depends.split(',').flatMap((dependency) => {
		const [, name, version] = /^\s*([^\s:|()]+)(?::\w+)?\s*\(=\s*([^\s)]+)\s*\)\s*$/.exec(dependency) ?? [];
		return name && version ? [{ name, version }] : [];
	});
}
