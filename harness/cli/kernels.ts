import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import type { HalfopenError } from '../errors.ts';
import { type Archive, DEBIAN_KEYRING } from '../kernels/apt.ts';
import type { ArchiveKernel } from '../kernels/archive-kernels.ts';
import { refreshSuites, staleSuites } from '../kernels/ask-archive.ts';
import { kernelsFolder } from '../kernels/cache.ts';
import { type Choice, choose } from '../kernels/choose.ts';
import { fetchPackages, preparePackages, sizeOf } from '../kernels/debian-kernel.ts';
import { archiveLines, megabytes, preparedLines } from '../kernels/list.ts';
import { lockKernels } from '../kernels/lock.ts';
import { type OwnKernel, prepareOwn } from '../kernels/own-kernel.ts';
import { preparedKernels, unknownKernel } from '../kernels/prepared.ts';
import { cachedKernels, SUITES } from '../kernels/suites.ts';
import { runMain } from '../report/run-jest.ts';
import { debianMirrors } from './setup/mirrors.ts';
import { say, step } from './setup/steps.ts';

interface KernelsOptions extends OwnKernel {
	readonly list?: boolean;
}

const command = new Command('npm run kernels --')
	.description(
		'Fetches Linux kernels from Debian’s archive, verifies them, and prepares them for virtual machines. Skips ' +
			'kernels that are already prepared.',
	)
	.argument('[kernels...]', 'a series (6.1 means its newest release) or a release (6.1.0-50-cloud-amd64)')
	.option('--list', 'list the kernels in Debian’s archive and those that are prepared')
	.option('--image <file>', 'prepare your own kernel from this bzImage')
	.option(
		'--modules <folder>',
		'the modules of your kernel: /lib/modules/<release>, or a folder that contains lib/modules/<release>',
	)
	.option('--name <name>', 'a name for your kernel (default: its release)')
	.action(async (names: string[], { list, ...own }: KernelsOptions) => {
		const isOwn = Object.values(own).some((option) => option !== undefined);
		if (!isOwn && !list && names.length === 0) command.help();
		if (isOwn) await withLock(() => prepareOne(own));
		if (names.length > 0) await withLock(() => fetchAll(names));
		if (list) await show();
	});

/** Returns Debian's archive, with the mirrors of this machine. */
async function debianArchive(): Promise<Archive> {
	return { mirrors: await debianMirrors(), keyring: DEBIAN_KEYRING };
}

/** Runs `work` while no other process writes to the cache. */
async function withLock<T>(work: () => Promise<T>): Promise<T> {
	await using _lock = await lockKernels(() => process.stderr.write('waiting for another npm run kernels …\n'));
	return await work();
}

async function prepareOne(own: OwnKernel): Promise<void> {
	await step(`Preparing ${own.name ?? 'a kernel of your own'}`, async (progress) => {
		const { name, release } = await prepareOwn(own, new Date());
		progress.line(`${name} (release ${release}) is in ${join(kernelsFolder(), name)}`);
	});
}

/** Fetches and prepares these kernels. Resolves all names first: if one is wrong, nothing is fetched. */
async function fetchAll(names: readonly string[]): Promise<void> {
	const archive = await debianArchive();
	const choices = await chooseAll(names, archive);
	for (const choice of choices) {
		if ('ready' in choice)
			say(`* ${choice.ready.name} is already prepared. To prepare it again, remove ${dirname(choice.ready.image)}`);
		else await fetchOne(choice.fetch, archive);
	}
}

async function fetchOne(kernel: ArchiveKernel, archive: Archive): Promise<void> {
	const { release, version, suite } = kernel;
	const size = megabytes(sizeOf(kernel));
	await step(`Fetching ${release}, version ${version} in ${suite}: ${size}`, (progress) =>
		fetchPackages(kernel, archive, (percent) => progress.busy(`${Math.round(percent)} % of ${size}`)),
	);
	await step(`Preparing ${release}`, async (progress) => {
		await preparePackages(kernel, new Date());
		progress.line(`it is in ${join(kernelsFolder(), release)}`);
	});
}

/** Resolves names with the cached lists of kernels. If a name is not in them, fetches the lists of all suites again. */
async function chooseAll(names: readonly string[], archive: Archive): Promise<Choice[]> {
	const prepared = await preparedKernels();
	const isExact = (name: string) => prepared.some((kernel) => kernel.name === name);
	if (names.every(isExact)) return names.flatMap((name) => choose(name, prepared, []) ?? []);

	const stale = await staleSuites(new Date());
	let failures = await ask(stale, archive);
	let known = await cachedKernels();
	if (names.some((name) => !choose(name, prepared, known))) {
		const fresh = SUITES.filter((suite) => !stale.includes(suite));
		failures = [...failures, ...(await ask(fresh, archive))];
		known = await cachedKernels();
	}
	return names.map((name) => {
		const choice = choose(name, prepared, known);
		if (choice) return choice;
		throw (
			failures[0] ??
			unknownKernel(name, [...prepared.map((kernel) => kernel.name), ...known.map(({ release }) => release)])
		);
	});
}

/** Fetches the lists of these suites. Returns and prints the errors. */
async function ask(suites: readonly string[], archive: Archive): Promise<HalfopenError[]> {
	if (suites.length === 0) return [];
	return step(`Asking Debian’s archive for the kernels of ${suites.join(', ')}`, async (progress) => {
		const errors = await refreshSuites(suites, archive, new Date(), (percent) =>
			progress.busy(`${Math.round(percent)} %`),
		);
		for (const { problem, seen } of errors) progress.line(`failed: ${problem} ${seen}`);
		return errors;
	});
}

async function show(): Promise<void> {
	const isStale = (await staleSuites(new Date())).length > 0;
	// Another process may fetch the lists while this one waits for the lock.
	const failures = isStale ? await withLock(async () => ask(await staleSuites(new Date()), await debianArchive())) : [];
	const [known, prepared] = [await cachedKernels(), await preparedKernels()];
	if (known.length > 0)
		say(
			`In Debian’s archive${failures.length > 0 ? ' (incomplete)' : ''}:\n${archiveLines(known, prepared).join('\n')}`,
		);
	if (prepared.length === 0) return say('No kernel is prepared yet.');
	const onDisk = prepared.map(async (kernel) => ({
		kernel,
		folder: dirname(kernel.image),
		bytes: await bytesIn(dirname(kernel.image)),
	}));
	say(`Prepared:\n${preparedLines(await Promise.all(onDisk)).join('\n')}`);
}

async function bytesIn(folder: string): Promise<number> {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
	const sizes = await Promise.all(files.map(async (path) => (await stat(path)).size));
	return sizes.reduce((sum, size) => sum + size, 0);
}

await runMain(() => command.parseAsync());
