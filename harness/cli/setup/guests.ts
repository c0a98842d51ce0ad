import { access, mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { GATE_SOURCES, gatePath } from '../../engines/vm/gate.ts';
import { QEMU } from '../../engines/vm/qemu.ts';
import { HalfopenError } from '../../errors.ts';
import { findProgram } from './commands.ts';
import { ensureNamespaces } from './namespaces.ts';
import { installPackages } from './packages.ts';
import { say, step } from './steps.ts';

/** What guests need besides what their hosts run, and the packages that have it on Debian and Ubuntu. */
const PROGRAMS: Readonly<Record<string, string>> = {
	[QEMU]: 'qemu-system-x86',
	cpio: 'cpio',
	depmod: 'kmod',
	'dpkg-deb': 'dpkg',
	gpgv: 'gpgv',
	xz: 'xz-utils',
};
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** QEMU, what makes guests and their kernels, and the guests' first process, compiled of the sources as they are. Returns what is ready, for people. */
export async function ensureGuests(): Promise<string> {
	const namespaces = await ensureNamespaces();
	await ensurePrograms();
	const gate = await gatePath();
	if (await exists(gate)) say(`* ${basename(gate)} is there already, made of the sources as they are`);
	else await step(`Compiling the first process of guests: ${basename(gate)}`, () => compile(gate));
	return `${namespaces}, guests of ${QEMU}`;
}

async function ensurePrograms(): Promise<void> {
	const missing = new Set<string>();
	for (const [program, source] of Object.entries(PROGRAMS)) if ((await findProgram(program)) === undefined) missing.add(source);
	if (!(await exists(KEYRING))) missing.add('debian-archive-keyring');
	if (missing.size > 0) await installPackages([...missing].sort(), 'Guests need programs that are not here');
}

async function compile(target: string): Promise<void> {
	const sources = (await readdir(GATE_SOURCES)).filter((name) => name.endsWith('.c')).map((name) => join(GATE_SOURCES, name));
	await mkdir(dirname(target), { recursive: true });
	for (const name of await readdir(dirname(target))) if (name.startsWith('gate-')) await rm(join(dirname(target), name));
	const { failed, all, shortMessage } = await execa('cc', ['-static', '-O2', '-Wall', '-Wextra', '-Werror', '-o', target, ...sources], {
		reject: false,
		all: true,
	});
	if (!failed) return;
	throw new HalfopenError('SETUP_FAILED', {
		problem: 'the first process of guests could not be compiled',
		seen: all || shortMessage || '',
		remedy: 'install a C compiler with the static C library: apt-get install gcc libc6-dev',
	});
}

function exists(path: string): Promise<boolean> {
	return access(path).then(
		() => true,
		() => false,
	);
}
