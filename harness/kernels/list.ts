import { alignColumns } from '../util/columns.ts';
import { type ArchiveKernel, kernelNamed, newestFirst, seriesOf } from './archive-kernels.ts';
import { sizeOf } from './debian-kernel.ts';
import type { PreparedKernel } from './prepared.ts';

/** A prepared kernel, and its size on the disk in bytes. */
export interface KernelOnDisk {
	readonly kernel: PreparedKernel;
	readonly folder: string;
	readonly bytes: number;
}

/** Returns a size as text. */
export const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;

/** Returns a table of the kernels in the archive: the newest kernel of each series, the newest series first. */
export function archiveLines(archive: readonly ArchiveKernel[], prepared: readonly PreparedKernel[]): string[] {
	const ready = new Set(prepared.map(({ name }) => name));
	const series = new Set(archive.map(({ release }) => seriesOf(release)));
	const newest = newestFirst([...series].flatMap((name) => kernelNamed(name, archive) ?? []));
	const rows = newest.map((kernel) => {
		const { release, version, suite } = kernel;
		return [
			seriesOf(release),
			release,
			version,
			suite,
			megabytes(sizeOf(kernel)),
			ready.has(release) ? 'prepared' : '',
		];
	});
	return table(['series', 'release', 'version', 'suite', 'download', ''], rows);
}

/** Returns a table of the prepared kernels. */
export function preparedLines(kernels: readonly KernelOnDisk[]): string[] {
	const rows = kernels.map(({ kernel, folder, bytes }) => [
		kernel.name,
		kernel.version ?? `your own, ${kernel.release}`,
		megabytes(bytes),
		folder,
	]);
	return table(['name', 'version', 'size', 'folder'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
	return alignColumns([head, ...rows]).map((line) => `  ${line}`);
}
