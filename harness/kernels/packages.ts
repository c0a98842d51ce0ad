import type { KernelPackage } from './archive-kernels.ts';
import { paragraphsOf, parseParagraph } from './control.ts';

/** A package of Debian's archive, as far as it matters for unpacking it. */
export interface ArchivePackage extends KernelPackage {
	/** The packages that it demands in one exact version, with that version. */
	readonly exact: readonly { readonly name: string; readonly version: string }[];
}

/**
 * The packages of a Packages index whose names begin so. A paragraph that lacks what a package must have is passed
 * over.
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

/** Of dependencies those in one exact version, and without an alternative. */
function exactly(depends: string): { name: string; version: string }[] {
	return depends.split(',').flatMap((dependency) => {
		const [, name, version] = /^\s*([^\s:|()]+)(?::\w+)?\s*\(=\s*([^\s)]+)\s*\)\s*$/.exec(dependency) ?? [];
		return name && version ? [{ name, version }] : [];
	});
}
