import { accessSync, constants, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HostFiles } from '../namespaces/ground.ts';
import { type Entry, type Layout, layoutOf, parseMountinfo } from './layout.ts';

/** Where a host's file system is put together before it becomes the root: in a tmpfs of the host's mount namespace. */
const PLACE = '/run';
const ROOT = `${PLACE}/root`;
/** A folder on a host that something else lies over for a moment. */
const ASIDE = '/dev/shm';
/** The sysctls of the host's network, before the others are closed around them. */
const SYSCTLS = `${PLACE}/net`;

/**
 * What programs need of devices (Documentation/admin-guide/devices.rst): none of them leads to a disk, or to memory.
 */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const DEVICE_LINKS = ['fd', 'stdin', 'stdout', 'stderr'];
/** Finds the terminals that lie beside it (devpts_mntget, fs/devpts/inode.c). */
const TERMINALS = 'ptmx';

/**
 * What Docker leaves a container's root (moby, oci/caps/defaults.go) but CAP_MKNOD, which needs a device cgroup around
 * it. Without CAP_SYS_ADMIN and CAP_SYS_RAWIO nobody gets around the layers: nothing is mounted, unmounted or mounted
 * for writing.
 */
const CAPABILITIES = [
	...['audit_write', 'chown', 'dac_override', 'fowner', 'fsetid', 'kill', 'net_bind_service', 'net_raw', 'setfcap', 'setgid', 'setpcap', 'setuid'],
	'sys_chroot',
];

/**
 * Words before the agent's, which take from root what it is not to have. Where an ordinary user is root, the kernel
 * asks who that is outside.
 */
function confined(asRoot: boolean, more: readonly string[]): string {
	if (!asRoot) return 'setpriv --no-new-privs';
	const left = [...CAPABILITIES, ...more].map((name) => `+${name}`).join(',');
	return `setpriv --no-new-privs --bounding-set=-all,${left}`;
}

/**
 * The files of this machine's hosts: this machine's, of which nothing is written. `opt` comes to lie over /opt; over
 * `unfit` no layer can.
 */
export function hostFiles(asRoot: boolean, opt: string, unfit: readonly string[]): HostFiles {
	return {
		// At each boot anew: mounts come and go.
		get machine() {
			return machineScript(layoutHere(asRoot, unfit), asRoot, opt);
		},
		userland: userlandScript(asRoot),
	};
}

/**
 * Its /proc is put together elsewhere: what lies hidden below, its machine's, the tool would take for what it is to
 * mount.
 */
function userlandScript(asRoot: boolean): string {
	return [
		mountAll([line('proc', ASIDE, 'proc', 'nosuid,nodev,noexec'), ...procLines(ASIDE, false)]),
		`mount --move ${ASIDE} /proc`,
		`confined='${confined(asRoot, [])}'`,
	].join('\n');
}

/** Tries each layer by itself, and says over which folder there can be none. */
export function tryLayers(asRoot: boolean): string {
	const { layered } = layoutHere(asRoot, []);
	return [
		`mount -t tmpfs tmpfs ${PLACE}`,
		`mkdir ${PLACE}/upper ${PLACE}/work ${ROOT}`,
		`for path in ${layered.map(quoted).join(' ')}; do`,
		`	mount -t overlay -o "${layerOptions('$path', `${PLACE}/upper`, `${PLACE}/work`, asRoot)}" overlay ${ROOT} 2>/dev/null && umount ${ROOT} || echo "$path"`,
		'done',
	].join('\n');
}

function layoutHere(asRoot: boolean, unfit: readonly string[]): Layout {
	return layoutOf(parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')), entriesHere, asRoot, unfit);
}

function entriesHere(path: string): readonly Entry[] | undefined {
	try {
		accessSync(path, constants.R_OK | constants.X_OK);
		return readdirSync(path, { withFileTypes: true }).map((entry): Entry => {
			const kind = entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : entry.isFile() ? 'file' : 'other';
			return { name: entry.name, kind };
		});
	} catch {
		return undefined;
	}
}

function layerOptions(lower: string, upper: string, work: string, asRoot: boolean): string {
	// An ordinary user's layers keep their notes in attributes of a user's (Documentation/filesystems/overlayfs.rst,
	// userxattr).
	return `nodev,lowerdir=${lower},upperdir=${upper},workdir=${work}${asRoot ? '' : ',userxattr'}`;
}

function machineScript({ layered, readOnly, own, links }: Layout, asRoot: boolean, opt: string): string {
	const layers = [...layered.map((path) => ({ path, lower: path })), { path: '/opt', lower: `${opt}:/opt` }].map(({ path, lower }, index) => {
		const [upper, work] = [`${PLACE}/layers/${index}/upper`, `${PLACE}/layers/${index}/work`];
		return { path, upper, work, line: line('overlay', at(path), 'overlay', layerOptions(lower, upper, work, asRoot)) };
	});
	// Root finds all folders in what lies over `/`; a user's are made.
	const targets = asRoot ? [] : [...own, ...layered, ...readOnly.filter(isFolder)];
	// What a folder of the host's own is to everybody is what this machine's is; a layer's folder says it for what lies
	// there.
	const modes = new Map<string, string[]>();
	for (const [path, made] of [...layers.map(({ path, upper }) => [path, upper] as const), ...own.map((path) => [path, at(path)] as const)]) {
		const mode = modeOf(path);
		modes.set(mode, [...(modes.get(mode) ?? []), made]);
	}
	const devices = asRoot ? [] : DEVICES.map((name) => at(`/dev/${name}`));
	return [
		'umask 022',
		`mount -t tmpfs -o mode=755 tmpfs ${PLACE}`,
		...(asRoot ? [] : [`mkdir ${ROOT}`, `mount -t tmpfs -o mode=755 tmpfs ${ROOT}`]),
		`mkdir -p ${words([ROOT, SYSCTLS, ...layers.flatMap(({ upper, work }) => [upper, work]), ...targets.map(at)])}`,
		...[...modes].map(([mode, paths]) => `chmod ${mode} ${words(paths)}`),
		...(asRoot ? [] : readOnly.filter((path) => !isFolder(path)).map((path) => `: >${quoted(at(path))}`)),
		...copyLinks(links),
		mountAll([
			...[...layers.map(({ path, line }) => ({ path, line })), ...readOnly.map((path) => ({ path, line: bind(path, at(path), 'ro,nosuid,nodev') }))]
				.sort((a, b) => (a.path < b.path ? -1 : 1))
				.map(({ line }) => line),
			line('proc', at('/proc'), 'proc', 'nosuid,nodev,noexec'),
			...procLines(at('/proc'), true),
			line('tmpfs', at('/dev'), 'tmpfs', 'nosuid,noexec,mode=755,size=64k'),
			line('devpts', at('/dev/pts'), 'devpts', 'nosuid,noexec,newinstance,ptmxmode=0666,mode=620,x-mount.mkdir'),
			line('tmpfs', at('/dev/shm'), 'tmpfs', 'nosuid,nodev,noexec,mode=1777,x-mount.mkdir'),
			line('tmpfs', at('/run'), 'tmpfs', 'nosuid,nodev,mode=755'),
		]),
		// Not every system lets a user have one: then there is none.
		`mount -t sysfs -o ro,nosuid,nodev,noexec sysfs ${at('/sys')} 2>/dev/null || :`,
		`cp -RP --preserve=mode ${[...(asRoot ? [...DEVICES, TERMINALS] : []), ...DEVICE_LINKS.filter(isDeviceLink)].map((name) => `/dev/${name}`).join(' ')} ${at('/dev')}`,
		...(asRoot ? [] : [`ln -s pts/ptmx ${at('/dev/ptmx')}`]),
		...devices.map((path) => `: >${path}`),
		...(asRoot ? [] : [mountAll(DEVICES.map((name) => bind(`/dev/${name}`, at(`/dev/${name}`), 'rw')))]),
		`cd ${ROOT}; pivot_root . .${ASIDE}; cd /; umount -l ${ASIDE}`,
		`confined='${confined(asRoot, ['net_admin'])}'`,
	].join('\n');
}

const isFolder = (path: string): boolean => statSync(path).isDirectory();
const isDeviceLink = (name: string): boolean => lstatSync(`/dev/${name}`, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
/** As chmod(1) has it. */
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

/**
 * A switch of the whole kernel among a network's sysctls (net/netfilter/nf_hooks_lwtunnel.c: a static key), where it is
 * there.
 */
const MACHINE_WIDE = 'sys/net/netfilter/nf_hooks_lwtunnel';

/** Where this path will be until the host's root is the root. */
const at = (path: string): string => join(ROOT, path);

/**
 * Knobs of the whole kernel can be read, but not written: the defaults of Docker (moby, oci/defaults.go), and whatever
 * else of /proc has a bit for writing. A machine sets the sysctls of its own network, and no program does.
 */
function procLines(proc: string, isMachine: boolean): string[] {
	const names = readdirSync('/proc').filter((name) => !/^(\d+|self|thread-self|mounts|net|sys)$/.test(name));
	const knobs = names.filter((name) => {
		const found = statSync(join('/proc', name), { throwIfNoEntry: false });
		return found?.isDirectory() || (found !== undefined && (found.mode & 0o222) !== 0);
	});
	return [
		...knobs.map((name) => bind(`${proc}/${name}`, `${proc}/${name}`, 'ro')),
		...(isMachine ? [bind(`${proc}/sys/net`, SYSCTLS, 'rw')] : []),
		bind(`${proc}/sys`, `${proc}/sys`, 'ro'),
		...(isMachine ? [bind(SYSCTLS, `${proc}/sys/net`, 'rw'), bind(`${proc}/${MACHINE_WIDE}`, `${proc}/${MACHINE_WIDE}`, 'ro,nofail')] : []),
	];
}

const bind = (from: string, to: string, option: string) => line(from, to, 'none', `bind,${option}`);

/** A line of a table for mount(8). */
const line = (...fields: readonly string[]) => fields.map((field) => field.replaceAll(/[\s\\]/g, octal)).join(' ');
const octal = (character: string) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`;

/** One process mounts them all, one after the other; from a file, since it reads no pipe. */
function mountAll(lines: readonly string[]): string {
	const table = `${PLACE}/halfopen.mounts`;
	return `printf '%s 0 0\\n' ${words(lines)} >${table}; mount --all --fstab ${table}`;
}

/** Copies links, those of a folder at once. */
function copyLinks(links: readonly string[]): string[] {
	const folders = [...new Set(links.map(dirname))];
	return folders.map((folder) => `cp -P ${words(links.filter((path) => dirname(path) === folder))} ${quoted(at(folder))}`);
}

const words = (paths: readonly string[]) => paths.map(quoted).join(' ');

/** As one word of a shell's. */
const quoted = (path: string) => `'${path.replaceAll("'", "'\\''")}'`;
