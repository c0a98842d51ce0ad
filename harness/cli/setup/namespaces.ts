import { chmod, copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { buildAgent } from '../../agent/build.ts';
import { binaries, ROOT_SOURCE } from '../../engines/binaries.ts';
import { compile } from '../../util/compile.ts';
import { PROJECT_ROOT } from '../../util/project-root.ts';
import { findProgram } from './commands.ts';
import { installPackages } from './packages.ts';
import { say, step } from './steps.ts';

/**
 * Programs of this machine that hosts without an image need, and the packages that contain them on Debian and Ubuntu.
 */
const PROGRAMS: Readonly<Record<string, string>> = {
	arptables: 'iptables',
	cc: 'gcc',
	curl: 'curl',
	hostname: 'hostname',
	ip: 'iproute2',
	iptables: 'iptables',
	lsof: 'lsof',
	'nc.openbsd': 'netcat-openbsd',
	'nc.traditional': 'netcat-traditional',
	ncat: 'ncat',
	nsenter: 'util-linux',
	setpriv: 'util-linux',
	ss: 'iproute2',
	strace: 'strace',
	tcpdump: 'tcpdump',
	telnet: 'inetutils-telnet',
	unshare: 'util-linux',
};

/** A day. */
const KEPT_MS = 86_400_000;

/**
 * Installs the programs that hosts run, and compiles the project's own. Returns what is ready, for the last message.
 */
export async function ensureNamespaces(): Promise<string> {
	await ensurePrograms();
	const { bin } = await binaries();
	const folder = dirname(bin);
	if ((await readdir(folder).catch(() => [])).length > 0) say(`* ${basename(folder)} is up to date`);
	else await step(`Compiling the programs inside hosts: ${basename(folder)}`, () => build(folder));
	await removeOlder(folder);
	return 'network namespaces';
}

async function ensurePrograms(): Promise<void> {
	const missing = new Set<string>();
	for (const [program, source] of Object.entries(PROGRAMS))
		if ((await findProgram(program)) === undefined) missing.add(source);
	// A compiler may be installed without the static C library. Only compiling shows that.
	if (missing.has('gcc')) missing.add('libc6-dev');
	if (missing.size > 0) await installPackages([...missing].sort(), 'Hosts need programs that are not here');
}

/** The folder gets its name when it is complete. */
async function build(folder: string): Promise<void> {
	const unfinished = `${folder}.${process.pid}`;
	try {
		const [bin, peers] = [join(unfinished, 'bin'), join(unfinished, 'opt', 'halfopen')];
		await Promise.all([mkdir(bin, { recursive: true }), mkdir(peers, { recursive: true })]);
		await Promise.all([
			buildAgent(join(bin, 'halfopen-agent')),
			compile(join(bin, 'dnc'), [join(PROJECT_ROOT, 'images/dnc/dnc.c')]),
			compile(join(bin, 'halfopen-root'), [join(PROJECT_ROOT, ROOT_SOURCE)]),
			copyPeers(peers),
		]);
		await rename(unfinished, folder);
	} finally {
		await rm(unfinished, { recursive: true, force: true });
	}
}

async function copyPeers(folder: string): Promise<void> {
	const source = join(PROJECT_ROOT, 'images/peers');
	for (const name of (await readdir(source)).filter((file) => file.endsWith('.mjs'))) {
		await copyFile(join(source, name), join(folder, name));
		await chmod(join(folder, name), 0o644);
	}
}

/** Removes what was compiled from older sources more than a day ago. A run may still use the others. */
async function removeOlder(current: string): Promise<void> {
	const parent = dirname(current);
	for (const name of await readdir(parent)) {
		if (!name.startsWith('host-') || name === basename(current)) continue;
		const path = join(parent, name);
		if (Date.now() - (await stat(path)).mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true });
	}
}
