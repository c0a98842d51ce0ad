import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HalfopenError } from '../errors.ts';
import type { ArchiveKernel } from './archive-kernels.ts';
import { cacheFolder } from './cache.ts';
import { download, type OnBytes } from './download.ts';
import { exists } from './exists.ts';
import { type KernelParts, prepare } from './prepare.ts';
import { lastLines, runTool } from './tools.ts';

/** Bytes of all packages of a kernel. */
export const sizeOf = ({ files }: ArchiveKernel): number => files.reduce((sum, { size }) => sum + size, 0);

const packagePath = (path: string) => join(cacheFolder(), 'downloads', basename(path));

/** Fetches the packages of a kernel, each from the first mirror that has it. What is there already is not fetched again. */
export async function fetchPackages(kernel: ArchiveKernel, mirrors: readonly string[], onBytes: OnBytes): Promise<void> {
	let before = 0;
	for (const file of kernel.files) {
		const urls = mirrors.map((mirror) => `${mirror}/${file.path}`);
		await download(urls, packagePath(file.path), file, (bytes) => onBytes(before + bytes));
		before += file.size;
	}
}

/** Makes a kernel ready of its packages, and removes these. */
export async function preparePackages(kernel: ArchiveKernel, now: Date): Promise<void> {
	const { release, version, suite } = kernel;
	const packages = kernel.files.map(({ path }) => packagePath(path));
	await prepare({ name: release, release, version, suite, fetchedAt: now.toISOString() }, (scratch) =>
		unpack(packages, release, join(scratch, 'packages')),
	);
	await Promise.all(packages.map((path) => rm(path, { force: true })));
}

async function unpack(packages: readonly string[], release: string, folder: string): Promise<KernelParts> {
	for (const path of packages) {
		const { failed, stderr } = await runTool('dpkg-deb', ['-x', path, folder]);
		if (failed) throw strange(`${basename(path)} cannot be unpacked`, lastLines(stderr));
	}
	const modules = [join(folder, 'usr/lib/modules', release), join(folder, 'lib/modules', release)];
	return {
		image: await firstOf([join(folder, 'boot', `vmlinuz-${release}`), ...modules.map((path) => join(path, 'vmlinuz'))]),
		modules: await firstOf(modules),
	};
}

async function firstOf(paths: readonly string[]): Promise<string> {
	for (const path of paths) if (await exists(path)) return path;
	throw strange('the packages are not laid out as they used to be', `none of ${paths.join(', ')}`);
}

function strange(what: string, seen: string): HalfopenError {
	return new HalfopenError('SETUP_FAILED', {
		problem: `A kernel of Debian cannot be prepared: ${what}.`,
		seen,
		remedy: 'take another release of the series (`npm run kernels -- --list`)',
	});
}
