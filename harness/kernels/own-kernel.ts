import { open, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ErrorCode, HalfopenError } from '../errors.ts';
import { exists } from '../util/exists.ts';
import { isSeries } from './archive-kernels.ts';
import { HEAD_BYTES, releaseOfImage } from './bzimage.ts';
import { prepare } from './prepare.ts';
import { isFromArchive, type KernelRecord, preparedKernels } from './prepared.ts';
import { cachedKernels } from './suites.ts';

/** A kernel of the user, as given on the command line. */
export interface OwnKernel {
	/** Path of a bzImage. */
	readonly image?: string | undefined;
	/** A folder like /lib/modules/<release>, or a folder that contains lib/modules/<release>. */
	readonly modules?: string | undefined;
	/** Default: its release. */
	readonly name?: string | undefined;
}

/**
 * Prepares a kernel of the user and replaces an earlier one of the same name. Rejects with OPTION_MISSING without an
 * image or modules, with KERNEL_INVALID if they are not those of one kernel, with NAME_INVALID or NAME_TAKEN if the
 * name cannot be used, and like `prepare`.
 */
export async function prepareOwn({ image, modules, name }: OwnKernel, now: Date): Promise<KernelRecord> {
	if (image === undefined || modules === undefined) {
		throw refused(
			'OPTION_MISSING',
			'A kernel of your own needs an image and its modules.',
			undefined,
			'Give both: `--image vmlinuz --modules /lib/modules/<release>`.',
		);
	}
	const release = await releaseOf(image);
	const parts = { image: resolve(image), modules: await modulesOf(resolve(modules), release) };
	const record = { name: name ?? release, release, fetchedAt: now.toISOString() };
	await assertFree(record.name);
	await prepare(record, async () => parts);
	return record;
}

async function releaseOf(image: string): Promise<string> {
	const head = Buffer.alloc(HEAD_BYTES);
	try {
		await using file = await open(image);
		const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
		const release = releaseOfImage(head.subarray(0, bytesRead));
		if (release !== undefined) return release;
	} catch (error) {
		throw refused(
			'KERNEL_INVALID',
			`The image ${image} cannot be read.`,
			(error as Error).message,
			'Give the path of a kernel that this user may read.',
		);
	}
	throw refused(
		'KERNEL_INVALID',
		`${image} is not a bzImage.`,
		undefined,
		'Give the result of `make bzImage`, or a distribution’s /boot/vmlinuz-<release>.',
	);
}

async function modulesOf(folder: string, release: string): Promise<string> {
	const trees = [join(folder, 'usr/lib/modules'), join(folder, 'lib/modules')];
	for (const place of trees.map((tree) => join(tree, release))) if (await exists(place)) return place;
	if (await exists(join(folder, 'modules.order'))) return folder;
	const others = (await Promise.all(trees.map((tree) => readdir(tree).catch(() => [])))).flat();
	const seen = others.length > 0 ? `modules of ${others.join(', ')}` : 'neither modules.order nor lib/modules';
	throw refused(
		'KERNEL_INVALID',
		`${folder} has no modules of ${release}.`,
		seen,
		'Give a folder like /lib/modules/<release>, or a folder that contains lib/modules/<release>.',
	);
}

/** Rejects if the name cannot be the name of a folder, or stands for another kernel. */
async function assertFree(name: string): Promise<void> {
	if (!/^[A-Za-z0-9][\w.+~-]*$/.test(name) || isSeries(name)) {
		throw refused(
			'NAME_INVALID',
			`“${name}” is not a valid name for a kernel.`,
			undefined,
			'Give a --name of letters, digits and . + ~ - _ that is not a series like 6.1.',
		);
	}
	const taken = [
		...(await preparedKernels()).filter(isFromArchive).map((kernel) => kernel.name),
		...(await cachedKernels()).map(({ release }) => release),
	];
	if (taken.includes(name))
		throw refused(
			'NAME_TAKEN',
			`Debian has a kernel of the name ${name}.`,
			undefined,
			'Give yours another name: `--name mine`.',
		);
}

function refused(code: ErrorCode, problem: string, seen: string | undefined, remedy: string): HalfopenError {
	return new HalfopenError(code, { problem, seen, remedy });
}
