import { accessSync, constants, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFiles } from '../namespaces/platform.ts';
import { type DirectoryEntry, type Layout, layoutOf, parseMountinfo } from './layout.ts';

/** Where a host's file system is put together before it becomes the root: in a tmpfs of the host's mount namespace. */
const STAGING = '/run';
const ROOT = `${STAGING}/root`;

/**
 * What programs need of devices (Documentation/admin-guide/devices.rst): none of them leads to a disk, or to memory.
 */
const DEVICES = ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom', '/dev/tty'];
const DEVICE_LINKS = ['/dev/fd', '/dev/stdin', '/dev/stdout', '/dev/stderr'];

/**
 * What Docker leaves a container's root (moby, oci/caps/defaults.go) but CAP_MKNOD, which needs a device cgroup around
 * it. Without CAP_SYS_ADMIN and CAP_SYS_RAWIO nobody gets around the layers: nothing is mounted, unmounted or mounted
 * for writing. Numbers are those of linux/capability.h.
 */
const CAPABILITIES = {
	chown: 0,
	dac_override: 1,
	fowner: 3,
	fsetid: 4,
	kill: 5,
	setgid: 6,
	setuid: 7,
	setpcap: 8,
	net_bind_service: 10,
	net_raw: 13,
	sys_chroot: 18,
	audit_write: 29,
	setfcap: 31,
};
const NET_ADMIN = 12;

/**
 * Words before the agent's, which take from root what it is not to have. Where an ordinary user is root, the kernel
 * asks who that is outside.
 */
function confined(asRoot: boolean, ...more: readonly number[]): string {
	const mask = [...Object.values(CAPABILITIES), ...more].reduce(
		(bits, capability) => bits | (1n << BigInt(capability)),
		0n,
	);
	const words = ['halfopen-root', ...(asRoot ? ['bound', mask.toString(16)] : []), 'no-new-privs', 'run'];
	return `confined='${words.join(' ')}'`;
}

/**
 * The files of this machine's hosts: this machine's, of which nothing is written. `opt` comes to lie over /opt; over
 * `unfit` no layer can.
 */
export function hostFiles(asRoot: boolean, opt: string, noOverlay: readonly string[]): HostFiles {
	return {
		// At each boot anew: mounts come and go, and knobs with modules.
		get machine() {
			return machineScript(currentLayout(asRoot, noOverlay), asRoot, opt);
		},
		get userland() {
			return [rootCommand(readOnly(procKnobs())), confined(asRoot)].join('\n');
		},
	};
}

/** Tries each layer by itself, and says over which folder there can be none. */
export function overlayProbe(asRoot: boolean): string {
	const { layered } = currentLayout(asRoot, []);
	return [
		`mount -t tmpfs tmpfs ${STAGING}`,
		`mkdir ${STAGING}/upper ${STAGING}/work ${ROOT}`,
		`for path in ${layered.map(quoted).join(' ')}; do`,
		`	mount -t overlay -o "${overlayOptions('$path', `${STAGING}/upper`, `${STAGING}/work`, asRoot)}" overlay ${ROOT} ` +
			`2>/dev/null && umount ${ROOT} || echo "$path"`,
		'done',
	].join('\n');
}

function currentLayout(asRoot: boolean, noOverlay: readonly string[]): Layout {
	return layoutOf(parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')), readEntries, asRoot, noOverlay);
}

function readEntries(path: string): readonly DirectoryEntry[] | undefined {
	try {
		accessSync(path, constants.R_OK | constants.X_OK);
		return readdirSync(path, { withFileTypes: true }).map((entry): DirectoryEntry => {
			const kind = entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : entry.isFile() ? 'file' : 'other';
			return { name: entry.name, kind };
		});
	} catch {
		return undefined;
	}
}

function overlayOptions(lower: string, upper: string, work: string, asRoot: boolean): string {
	// An ordinary user's layers keep their notes in attributes of a user's (Documentation/filesystems/overlayfs.rst,
	// userxattr).
	return `lowerdir=${lower},upperdir=${upper},workdir=${work}${asRoot ? '' : ',userxattr'}`;
}

function machineScript({ layered, readOnly: shown, own, links }: Layout, asRoot: boolean, opt: string): string {
	const layers = [...layered.map((path) => ({ path, lower: path })), { path: '/opt', lower: `${opt}:/opt` }].map(
		({ path, lower }, index) => {
			const [upper, work] = [`${STAGING}/upper-${index}`, `${STAGING}/work-${index}`];
			// A layer's folder says what its mode is to everybody.
			const folders = [folder(upper, modeOf(path)), folder(work)];
			return {
				path,
				folders,
				mount: mount('overlay', staged(path), ['nodev'], overlayOptions(lower, upper, work, asRoot)),
			};
		},
	);
	const base = [
		mount('tmpfs', STAGING, [], 'mode=755'),
		folder(ROOT),
		...(asRoot ? [] : [mount('tmpfs', ROOT, [], 'mode=755')]),
	];
	// Root finds all folders in what lies over `/`; a user's are made, the outer ones first.
	const targets = [...own, ...layered, ...shown].sort().map((path) => {
		if (own.includes(path)) return folder(staged(path), modeOf(path));
		return isFolder(path) ? folder(staged(path)) : file(staged(path));
	});
	const mounts = [
		...layers,
		...shown.map((path) => ({ path, mount: bind(path, staged(path), 'ro', 'nosuid', 'nodev') })),
	]
		.sort((a, b) => (a.path < b.path ? -1 : 1))
		.map((one) => one.mount);
	return [
		rootCommand([
			...base,
			...layers.flatMap(({ folders }) => folders),
			...(asRoot ? [] : targets),
			...links.map(link),
			...mounts,
			mount('proc', staged('/proc'), ['nosuid', 'nodev', 'noexec']),
			...readOnly(procKnobs().map(staged)),
			...networkSysctls(),
			...deviceSteps(asRoot),
			mount('tmpfs', staged('/run'), ['nosuid', 'nodev'], 'mode=755'),
			// Not every system lets a user have one: then there is none.
			['try', ...mount('sysfs', staged('/sys'), ['ro', 'nosuid', 'nodev', 'noexec'])],
			['root', ROOT],
		]),
		'cd /',
		confined(asRoot, NET_ADMIN),
	].join('\n');
}

/** An ordinary user makes no device. */
function deviceSteps(asRoot: boolean): Step[] {
	return [
		mount('tmpfs', staged('/dev'), ['nosuid', 'noexec'], 'mode=755,size=64k'),
		folder(staged('/dev/pts')),
		folder(staged('/dev/shm')),
		mount('devpts', staged('/dev/pts'), ['nosuid', 'noexec'], 'newinstance,ptmxmode=0666,mode=620'),
		mount('tmpfs', staged('/dev/shm'), ['nosuid', 'nodev', 'noexec'], 'mode=1777'),
		['link', 'pts/ptmx', staged('/dev/ptmx')],
		...DEVICE_LINKS.flatMap((path) => (isLink(path) ? [link(path)] : [])),
		...DEVICES.flatMap((path) =>
			asRoot ? [['device', path, staged(path)]] : [file(staged(path)), bind(path, staged(path))],
		),
	];
}

const isFolder = (path: string): boolean => statSync(path).isDirectory();
const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
/** As chmod(1) has it. */
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

/** Where this path will be until the host's root is the root. */
const staged = (path: string): string => join(ROOT, path);

/**
 * Knobs of the whole kernel can be read, but not written: the defaults of Docker (moby, oci/defaults.go), and whatever
 * else of /proc has a bit for writing.
 */
function procKnobs(): string[] {
	const names = readdirSync('/proc').filter((name) => !/^(\d+|self|thread-self|mounts|net)$/.test(name));
	return names
		.map((name) => join('/proc', name))
		.filter((path) => {
			const found = statSync(path, { throwIfNoEntry: false });
			return found?.isDirectory() || (found !== undefined && (found.mode & 0o222) !== 0);
		});
}

const readOnly = (paths: readonly string[]): Step[] => paths.map((path) => bind(path, path, 'ro'));

/**
 * A machine sets the sysctls of its own network, and no program does. Among them is a switch of the whole kernel, where
 * it is there (net/netfilter/nf_hooks_lwtunnel.c: a static key).
 */
function networkSysctls(): Step[] {
	const [own, machineWide] = ['/proc/sys/net', '/proc/sys/net/netfilter/nf_hooks_lwtunnel'];
	return [bind(own, staged(own)), ['try', ...bind(machineWide, staged(machineWide), 'ro')]];
}

/** One step of `halfopen-root` (root.c says what each does). */
type Step = readonly string[];
type MountFlag = 'ro' | 'nosuid' | 'nodev' | 'noexec';

const folder = (path: string, mode = '755'): Step => ['folder', path, mode];
const file = (path: string): Step => ['file', path];
/** The link that is here. */
const link = (path: string): Step => ['link', readlinkSync(path), staged(path)];
const bind = (from: string, to: string, ...flags: readonly MountFlag[]): Step => ['bind', from, to, flags.join()];
const mount = (type: string, path: string, flags: readonly MountFlag[], options = ''): Step => [
	'mount',
	type,
	path,
	flags.join(),
	options,
];

/** One process takes them all, one after the other. */
const rootCommand = (steps: readonly Step[]): string => `halfopen-root ${steps.flat().map(quoted).join(' ')}`;

/** As one word of a shell's. */
const quoted = (path: string) => `'${path.replaceAll("'", "'\\''")}'`;
