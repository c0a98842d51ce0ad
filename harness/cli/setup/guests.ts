import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { INIT_SOURCES, initPath } from '../../engines/vm/guest-init.ts';
import { QEMU } from '../../engines/vm/qemu-command.ts';
import { DEBIAN_KEYRING } from '../../kernels/apt.ts';
import { exists } from '../../kernels/exists.ts';
import { compile, sourcesIn } from '../../util/compile.ts';
import { findProgram } from './commands.ts';
import { ensureNamespaces } from './namespaces.ts';
import { installPackages } from './packages.ts';
import { say, step } from './steps.ts';

/** Programs that guests need besides those of their hosts, and the packages that contain them on Debian and Ubuntu. */
const PROGRAMS: Readonly<Record<string, string>> = {
	[QEMU]: 'qemu-system-x86',
	cpio: 'cpio',
	depmod: 'kmod',
	'dpkg-deb': 'dpkg',
	flock: 'util-linux',
	xz: 'xz-utils',
};

/**
 * Installs QEMU and the programs that guests and kernels need, and compiles the guests' init process. Returns what is
 * ready, for the last message.
 */
export async function ensureGuests(): Promise<string> {
	const namespaces = await ensureNamespaces();
	await ensurePrograms();
	const init = await initPath();
	if (await exists(init)) say(`* ${basename(init)} is up to date`);
	else await step(`Compiling the init process of guests: ${basename(init)}`, () => build(init));
	return `${namespaces}, guests in ${QEMU}`;
}

async function ensurePrograms(): Promise<void> {
	const missing = new Set<string>();
	for (const [program, source] of Object.entries(PROGRAMS))
		if ((await findProgram(program)) === undefined) missing.add(source);
	if (!(await exists(DEBIAN_KEYRING))) missing.add('debian-archive-keyring');
	if (missing.size > 0) await installPackages([...missing].sort(), 'Guests need programs that are not here');
}

/** The file gets its name when it is complete. */
async function build(target: string): Promise<void> {
	await mkdir(dirname(target), { recursive: true });
	const unfinished = `${target}.${process.pid}`;
	try {
		await compile(unfinished, await sourcesIn(INIT_SOURCES));
		await rename(unfinished, target);
	} finally {
		await rm(unfinished, { force: true });
	}
	await removeOlder(target);
}

/** Removes what was compiled from older sources, complete or not. */
async function removeOlder(current: string): Promise<void> {
	const folder = dirname(current);
	const older = (await readdir(folder)).filter(
		(name) => name.startsWith('init-') && !name.startsWith(basename(current)),
	);
	for (const name of older) await rm(join(folder, name), { force: true });
}
