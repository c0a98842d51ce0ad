import { copyFile, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HalfopenError } from '../errors.ts';
import { exists } from '../util/exists.ts';
import { kernelsFolder } from './cache.ts';
import { intoCache } from './cache-errors.ts';
import { insertionOrder, moduleName, parseBuiltin, parseDependencies } from './module-order.ts';
import { IMAGE, type KernelRecord, MODULES, ORDER, RECORD, recordText } from './prepared.ts';
import { lastLines, runTool, type Tool } from './tools.ts';
import { unfinishedFolder } from './unfinished.ts';
import { REQUIRED_MODULES, WANTED_MODULES } from './wanted-modules.ts';

/** The files that a kernel is prepared from. They are only read. */
export interface KernelParts {
	/** Path of the bzImage. */
	readonly image: string;
	/** Path of a folder like /lib/modules/<release>. */
	readonly modules: string;
}

/** Commands that decompress a module in place, by file name extension. */
const UNPACKERS: Readonly<Record<string, readonly [Tool, ...string[]]>> = {
	'.xz': ['xz', '-d'],
	'.gz': ['gzip', '-d'],
	'.zst': ['zstd', '-d', '-q', '--rm'],
};

/**
 * Prepares a kernel: copies its image and the modules that hosts need with their dependencies, decompressed. The folder
 * gets its name when it is complete and replaces an earlier one. The caller must hold the lock (`lock.ts`). Rejects
 * with SETUP_FAILED if required modules are missing or unusable, with TOOL_MISSING or DISK_FULL.
 */
export async function prepare(record: KernelRecord, partsIn: (scratch: string) => Promise<KernelParts>): Promise<void> {
	await intoCache(async () => {
		await using unfinished = await unfinishedFolder(kernelsFolder(), record.name);
		const [scratch, folder] = [join(unfinished.path, 'scratch'), join(unfinished.path, 'kernel')];
		const modules = join(folder, MODULES);
		await Promise.all([mkdir(scratch), mkdir(modules, { recursive: true })]);
		const parts = await partsIn(scratch);
		await copyFile(parts.image, join(folder, IMAGE));
		const files = await orderOf(parts.modules, record.release, scratch);
		await Promise.all(files.map((file) => copyFile(join(parts.modules, file), join(modules, basename(file)))));
		await unpackIn(modules);
		const order = files.map((file) => basename(file).replace(/\.ko\.\w+$/, '.ko'));
		if (order[0] !== undefined) await assertBuiltFor(record.release, join(modules, order[0]));
		await writeFile(join(modules, ORDER), order.map((file) => `${file}\n`).join(''));
		await writeFile(join(folder, RECORD), recordText(record));
		const place = join(kernelsFolder(), record.name);
		// The old folder is moved away in one step and removed with the rest. For a moment there is no kernel.
		if (await exists(place)) await rename(place, join(unfinished.path, 'before'));
		await rename(folder, place);
	});
}

/**
 * Returns the files of the wanted modules and their dependencies, relative to their folder, in the order of insertion.
 */
async function orderOf(modules: string, release: string, scratch: string): Promise<string[]> {
	const dependencies = parseDependencies(await modulesDep(modules, release, scratch));
	const builtin = parseBuiltin(await readFile(join(modules, 'modules.builtin'), 'utf8').catch(() => ''));
	const wanted = WANTED_MODULES.flatMap((group) => group.modules).filter((name) => !builtin.has(name));
	const order = insertionOrder(wanted, dependencies);
	const available = new Set([...builtin, ...order.map(moduleName)]);
	const missing = REQUIRED_MODULES.filter((name) => !available.has(name));
	if (missing.length === 0) return order;
	throw new HalfopenError('SETUP_FAILED', {
		problem: `Kernel ${release} lacks modules that labs need: ${missing.join(', ')}.`,
		seen: `${dependencies.size} modules in ${modules}`,
		remedy: 'Choose a kernel that has them, built in or as modules.',
	});
}

/**
 * Returns the text of `modules.dep`. Runs depmod in a folder of links to the modules, because packages and users'
 * builds may have no modules.dep.
 */
async function modulesDep(modules: string, release: string, scratch: string): Promise<string> {
	const links = join(scratch, 'links', 'lib', 'modules', release);
	await mkdir(links, { recursive: true });
	// Which of the two folders depmod uses is decided when depmod is compiled.
	await mkdir(join(scratch, 'links', 'usr'));
	await symlink('../lib', join(scratch, 'links', 'usr', 'lib'));
	for (const name of await readdir(modules)) await symlink(join(modules, name), join(links, name));
	const { failed, stderr } = await runTool('depmod', ['-b', join(scratch, 'links'), release]);
	if (!failed) return readFile(join(links, 'modules.dep'), 'utf8');
	throw new HalfopenError('SETUP_FAILED', {
		problem: `depmod could not find the dependencies of the modules of ${release}.`,
		seen: lastLines(stderr),
		remedy: `Check that ${modules} is complete: \`make modules_install\` writes it.`,
	});
}

async function unpackIn(folder: string): Promise<void> {
	const files = (await readdir(folder)).map((name) => join(folder, name));
	for (const [ending, [tool, ...options]] of Object.entries(UNPACKERS)) {
		const packed = files.filter((file) => file.endsWith(ending));
		if (packed.length === 0) continue;
		const { failed, stderr } = await runTool(tool, [...options, ...packed]);
		if (!failed) continue;
		throw new HalfopenError('SETUP_FAILED', {
			problem: `${tool} could not decompress the modules.`,
			seen: lastLines(stderr),
			remedy: 'Check that the files are complete where they came from.',
		});
	}
}

/** Rejects if a module was built for another kernel. The kernel would refuse the module, but only when it runs. */
async function assertBuiltFor(release: string, module: string): Promise<void> {
	const [, builtFor = 'no kernel'] = /\0vermagic=([^ \0]+)/.exec(await readFile(module, 'latin1')) ?? [];
	if (builtFor === release) return;
	throw new HalfopenError('SETUP_FAILED', {
		problem: `The modules do not belong to kernel ${release}.`,
		seen: `${basename(module)} was built for ${builtFor}`,
		remedy: 'Give the modules of the same build.',
	});
}
