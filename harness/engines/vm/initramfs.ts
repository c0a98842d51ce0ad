import { copyFile, cp, lstat, mkdir, readdir, readlink, realpath, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { HalfopenError } from '../../errors.ts';
import { runCommand } from '../../util/run-command.ts';
import { diskFullIn } from './qemu-errors.ts';

/** The programs of a guest's hosts: the peers, the observers, and the commands of scripts. */
const GUEST_PROGRAMS = [
	...[
		'bash',
		'sh',
		'env',
		'cat',
		'chmod',
		'cut',
		'date',
		'grep',
		'head',
		'hostname',
		'id',
		'kill',
		'ls',
		'mkdir',
		'mount',
		'readlink',
		'rm',
	],
	...['echo', 'sed', 'seq', 'sleep', 'sort', 'tail', 'timeout', 'tr', 'true', 'uname', 'wc'],
	...[
		'unshare',
		'nsenter',
		'setpriv',
		'ip',
		'bridge',
		'iptables',
		'iptables-restore',
		'iptables-save',
		'ip6tables',
		'ip6tables-restore',
		'ip6tables-save',
		'nft',
		'conntrack',
		'tc',
		'ss',
		'strace',
		'tcpdump',
		'lsof',
	],
	...['nc.openbsd', 'nc.traditional', 'ncat', 'curl', 'telnet', 'node'],
];

/**
 * Files that programs use if they exist: the matches and targets of iptables, names of services, and Node's own modules
 * on Debian.
 */
const OPTIONAL_FILES = [
	...['/etc/protocols', '/etc/services', '/etc/ethertypes', '/usr/share/ncat', '/usr/share/nodejs'],
	...['/usr/lib/x86_64-linux-gnu/xtables', '/usr/lib/xtables', '/usr/lib64/xtables'],
];

const FILES: Readonly<Record<string, string>> = {
	// Debian's tcpdump drops its privileges to the user `tcpdump`.
	'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\ntcpdump:x:100:100::/:/bin/false\n',
	'etc/group': 'root:x:0:\ntcpdump:x:100:\n',
	'etc/hosts': '127.0.0.1 localhost\n',
};
const FOLDERS = ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'etc', 'opt', 'modules', 'host', 'usr/local/bin'];

/** The project's own files in a guest. */
export interface InitramfsParts {
	/** A folder with the agent and `dnc`. */
	readonly bin: string;
	/** A folder that is mounted over /opt. */
	readonly opt: string;
	/** The path of the guest's init process. */
	readonly init: string;
	/** A folder with the modules and their `order`. */
	readonly modules: string;
}

/** The guest's PATH (guest/prepare.c). */
const GUEST_PATH = new Set(['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']);

/** The folder in a guest that is mounted over /opt on its hosts. */
export const OPT_IN_GUEST = '/host/opt';

/**
 * Builds a guest's initramfs, as a cpio archive. `staging` is a new folder in which its files are collected. Root owns
 * all of them.
 */
export async function buildInitramfs(
	archive: string,
	staging: string,
	{ bin, opt, init, modules }: InitramfsParts,
	programs: readonly string[],
): Promise<void> {
	await mkdir(staging);
	const root = new RootFolder(staging);
	await root.createFolders();
	for (const path of programs) await root.copyProgram(path);
	for (const path of OPTIONAL_FILES) await root.copyTree(path);
	await cp(bin, join(staging, 'usr/local/bin'), { recursive: true });
	await cp(opt, join(staging, OPT_IN_GUEST), { recursive: true });
	await cp(modules, join(staging, 'modules'), { recursive: true });
	await copyFile(init, join(staging, 'init'));
	const { succeeded, err } = await runCommand(['sh', '-c', PACK, 'pack', staging, archive]);
	if (!succeeded) throw diskFullIn(err) ?? failed('The guest’s root file system could not be packed.', err);
}

const PACK =
	'export LC_ALL=C; cd "$1" && find . -print0 | sort -z | cpio --null --create --format=newc --owner=+0:+0 --quiet ' +
	'>"$2"';

const FIND =
	'PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; for program; do type -P "$program" || { echo "$program" >&2; exit ' +
	'1; }; done';

/** Returns the paths of all programs that guests need. Rejects with TOOL_MISSING. */
export async function programPaths(): Promise<string[]> {
	const { succeeded, out, err } = await runCommand(['bash', '-c', FIND, 'find', ...GUEST_PROGRAMS]);
	if (!succeeded) throw failed('A program that guests need is not installed on this machine.', err);
	return out.trim().split('\n');
}

function failed(problem: string, seen: string): HalfopenError {
	return new HalfopenError('TOOL_MISSING', {
		problem,
		seen,
		remedy: 'Run `npm run setup -- --vm`: it installs what guests need.',
	});
}

/** The root folder of a guest, filled with this machine's programs and the files that they need. */
class RootFolder {
	readonly #folder: string;
	readonly #copied = new Set<string>();

	constructor(folder: string) {
		this.#folder = folder;
	}

	async createFolders(): Promise<void> {
		for (const name of FOLDERS) await mkdir(join(this.#folder, name), { recursive: true });
		for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64']) await this.#createTopFolder(name);
		for (const [name, text] of Object.entries(FILES)) await writeFile(join(this.#folder, name), text);
	}

	/**
	 * Copies a program to the same path. If its folder is not in the guest's PATH (Node may be in any folder), also
	 * creates a link in the guest's PATH.
	 */
	async copyProgram(path: string): Promise<void> {
		await this.copyWithLibraries(path);
		if (!GUEST_PATH.has(dirname(path))) await symlink(path, join(this.#folder, 'usr/local/bin', basename(path)));
	}

	/** Copies a file to the same path, with the targets of its links and its shared libraries. */
	async copyWithLibraries(path: string): Promise<void> {
		const real = join(await realpath(dirname(path)), basename(path));
		if (this.#copied.has(real)) return;
		this.#copied.add(real);
		const target = join(this.#folder, real);
		await mkdir(dirname(target), { recursive: true });
		if ((await lstat(real)).isSymbolicLink()) {
			const link = await readlink(real);
			await symlink(link, target);
			await this.copyWithLibraries(resolve(dirname(real), link));
			return;
		}
		await copyFile(real, target);
		for (const library of await librariesOf(real)) await this.copyWithLibraries(library);
	}

	/** Copies a file, or all files of a folder, to the same paths. Does nothing if the path does not exist. */
	async copyTree(path: string): Promise<void> {
		const found = await lstat(path).catch(() => undefined);
		if (!found?.isDirectory()) return found && this.copyWithLibraries(path);
		for (const name of await readdir(path)) await this.copyTree(join(path, name));
	}

	/** Creates a folder or symbolic link as on this machine: /bin is a symbolic link on merged-/usr systems. */
	async #createTopFolder(name: string): Promise<void> {
		const found = await lstat(`/${name}`).catch(() => undefined);
		if (found?.isSymbolicLink()) {
			const link = await readlink(`/${name}`);
			await mkdir(join(this.#folder, link), { recursive: true });
			await symlink(link, join(this.#folder, name));
		} else if (found) await mkdir(join(this.#folder, name), { recursive: true });
	}
}

/** Returns the shared libraries that the dynamic linker finds for a file: none for scripts and static binaries. */
async function librariesOf(path: string): Promise<string[]> {
	const { out } = await runCommand(['ldd', path]);
	return [...out.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, library = '']) => library);
}
