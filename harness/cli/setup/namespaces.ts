import { chmod, copyFile, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildAgent } from '../../agent/build.ts';
import { binaries, ROOT_SOURCE } from '../../engines/binaries.ts';
import { compile } from '../../util/compile.ts';
import { PROJECT_ROOT } from '../../util/project-root.ts';
import { ensureCompiled } from './compiled.ts';
import { ensureInstalled, type Requirements } from './packages.ts';

/** The programs of this machine that hosts without an image need. */
const REQUIREMENTS: Requirements = {
	// A compiler may be installed without the static C library. Only compiling shows that.
	cc: ['gcc', 'libc6-dev'],
	conntrack: ['conntrack'],
	curl: ['curl'],
	hostname: ['hostname'],
	ip: ['iproute2'],
	iptables: ['iptables'],
	lsof: ['lsof'],
	'nc.openbsd': ['netcat-openbsd'],
	'nc.traditional': ['netcat-traditional'],
	ncat: ['ncat'],
	nft: ['nftables'],
	nsenter: ['util-linux'],
	setpriv: ['util-linux'],
	ss: ['iproute2'],
	strace: ['strace'],
	tcpdump: ['tcpdump'],
	telnet: ['inetutils-telnet'],
	unshare: ['util-linux'],
};

/**
 * Installs the programs that hosts run, and compiles the project's own. Returns what is ready, for the last message.
 */
export async function ensureNamespaces(): Promise<string> {
	await ensureInstalled(REQUIREMENTS, 'Hosts need programs that are not installed');
	const { bin } = await binaries();
	await ensureCompiled(dirname(bin), 'the programs inside hosts', build);
	return 'network namespaces';
}

async function build(folder: string): Promise<void> {
	const [bin, peers] = [join(folder, 'bin'), join(folder, 'opt', 'halfopen')];
	await Promise.all([mkdir(bin, { recursive: true }), mkdir(peers, { recursive: true })]);
	await Promise.all([
		buildAgent(join(bin, 'halfopen-agent')),
		compile(join(bin, 'dnc'), [join(PROJECT_ROOT, 'images/dnc/dnc.c')]),
		compile(join(bin, 'halfopen-root'), [join(PROJECT_ROOT, ROOT_SOURCE)]),
	]);
	// Afterwards: if the disk is full, the output of the compiler says more.
	await copyPeers(peers);
}

async function copyPeers(folder: string): Promise<void> {
	const source = join(PROJECT_ROOT, 'images/peers');
	for (const name of (await readdir(source)).filter((file) => file.endsWith('.mjs'))) {
		await copyFile(join(source, name), join(folder, name));
		await chmod(join(folder, name), 0o644);
	}
}
