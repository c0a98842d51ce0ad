import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HalfopenError } from '../errors.ts';
import { exists } from '../util/exists.ts';
import { type Archive, downloadPackages, type OnProgress } from './apt.ts';
import type { ArchiveKernel } from './archive-kernels.ts';
import { cacheFolder } from './cache.ts';
import { type KernelParts, prepare } from './prepare.ts';
import { lastLines, runTool } from './tools.ts';

/** Returns the total size of a kernel's packages, in bytes. */
export const sizeOf = ({ packages }: ArchiveKernel): number => packages.reduce((sum, { size }) => sum + size, 0);

/** Returns the folder in which a kernel's packages are kept until the kernel has been prepared. */
const downloads = ({ release }: ArchiveKernel) => join(cacheFolder(), 'downloads', release);

/** Downloads the packages of a kernel. Complete downloads are kept. */
export async function fetchPackages(kernel: ArchiveKernel, archive: Archive, onProgress: OnProgress): Promise<void> {
	const wanted = kernel.packages.map(({ name, version }) => `${name}=${version}`);
	await downloadPackages(kernel.suite, wanted, downloads(kernel), archive, onProgress);
}

/** Prepares a kernel from its packages, then removes the packages. */
export async function preparePackages(kernel: ArchiveKernel, now: Date): Promise<void> {
	const { release, version, suite } = kernel;
	const folder = downloads(kernel);
	// apt names the files name_version_architecture.deb. The folder may also contain an older version.
	const starts = kernel.packages.map((one) => `${one.name}_${one.version.replaceAll(':', '%3a')}_`);
	const files = (await readdir(folder)).filter(
		(file) => file.endsWith('.deb') && starts.some((start) => file.startsWith(start)),
	);
	await prepare({ name: release, release, version, suite, fetchedAt: now.toISOString() }, (scratch) =>
		unpack(
			files.map((file) => join(folder, file)),
			release,
			join(scratch, 'packages'),
		),
	);
	await rm(folder, { recursive: true, force: true });
}

async function unpack(packages: readonly string[], release: string, folder: string): Promise<KernelParts> {
	for (const path of packages) {
		const { failed, stderr } = await runTool('dpkg-deb', ['-x', path, folder]);
		if (failed) throw unprepared(`${basename(path)} cannot be unpacked`, lastLines(stderr));
	}
	const modules = [join(folder, 'usr/lib/modules', release), join(folder, 'lib/modules', release)];
	return {
		image: await firstOf([join(folder, 'boot', `vmlinuz-${release}`), ...modules.map((path) => join(path, 'vmlinuz'))]),
		modules: await firstOf(modules),
	};
}

async function firstOf(paths: readonly string[]): Promise<string> {
	for (const path of paths) if (await exists(path)) return path;
	throw unprepared('its packages have an unknown layout', `none of ${paths.join(', ')}`);
}

function unprepared(what: string, seen: string): HalfopenError {
	return new HalfopenError('SETUP_FAILED', {
		problem: `Debian’s kernel cannot be prepared: ${what}.`,
		seen,
		remedy: 'Choose another release of the series: `npm run kernels -- --list` shows them.',
	});
}
