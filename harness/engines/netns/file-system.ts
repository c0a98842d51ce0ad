import { accessSync, constants, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { quoted } from '../../util/quoted.ts';
import type { HostFiles } from '../shared-namespaces/platform.ts';
import { type DirectoryEntry, type Layout, layoutOf, parseMountinfo } from './layout.ts';

/** A tmpfs in the host's mount namespace. The root file system is assembled in it. */
const STAGING = '/run';
const ROOT = `${STAGING}/root`;

/** The devices that programs need (Documentation/admin-guide/devices.rst). None gives access to a disk or to memory. */
const DEVICES = ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom', '/dev/tty'];
const DEVICE_LINKS = ['/dev/fd', '/dev/stdin', '/dev/stdout', '/dev/stderr'];

/**
 * The capabilities that Docker leaves to root in a container (moby, oci/caps/defaults.go), except CAP_MKNOD, which
 * would need a device cgroup. Without CAP_SYS_ADMIN and CAP_SYS_RAWIO no program can get around the overlays: none
 * can mount, unmount or remount. The numbers are those of linux/capability.h.
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
 * Returns a script that sets `confined` to the command prefix that reduces the agent's privileges. An ordinary user's
 * bounding set stays as it is: outside of the user namespace the kernel checks the user's own privileges.
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
 * Returns the scripts that set up a host's file system. It shows the files of this machine, which are never written to.
 * `opt` is mounted over /opt. Folders in `noOverlay` are read-only.
 */
export function hostFiles(asRoot: boolean, opt: string, noOverlay: readonly string[]): HostFiles {
	return {
		// The layout is read at each boot, because mounts and modules may have changed.
		get machine() {
			return machineScript(currentLayout(asRoot, noOverlay), asRoot, opt);
		},
		get userland() {
			return [rootCommand(readOnly(globalSettings())), confined(asRoot)].join('\n');
		},
	};
}

/** Returns a script that tries to mount an overlay of each folder, and prints the folders for which that fails. */
export function overlayProbe(asRoot: boolean): string {
	const { layered } = currentLayout(asRoot, []);
	return [
		`mount -t tmpfs tmpfs ${STAGING}`,
		`mkdir ${STAGING}/upper ${STAGING}/work ${ROOT}`,
		`for path in ${layered.map(quoted).join(' ')}; do`,
		`	mount -t overlay -o "${overlayOptions('$path', `${STAGING}/upper`, `${STAGING}/work`, asRoot)}" overlay ` +
			`${ROOT} 2>/dev/null && umount ${ROOT} || echo "$path"`,
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
	// An ordinary user's overlays store their metadata in user attributes (Documentation/filesystems/overlayfs.rst,
	// userxattr).
	return `lowerdir=${lower},upperdir=${upper},workdir=${work}${asRoot ? '' : ',userxattr'}`;
}

function machineScript({ layered, readOnly: shown, own, links }: Layout, asRoot: boolean, opt: string): string {
	const layers = [...layered.map((path) => ({ path, lower: path })), { path: '/opt', lower: `${opt}:/opt` }].map(
		({ path, lower }, index) => {
			const [upper, work] = [`${STAGING}/upper-${index}`, `${STAGING}/work-${index}`];
			// The mode of the upper folder is the mode of the merged folder.
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
	// For root these folders exist in the overlay of `/`. For an ordinary user they are created, parents first.
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
			...readOnly(globalSettings().map(staged)),
			...networkSysctls(),
			...deviceSteps(asRoot),
			mount('tmpfs', staged('/run'), ['nosuid', 'nodev'], 'mode=755'),
			// Some systems do not let an ordinary user mount sysfs. Then the host has no /sys.
			['try', ...mount('sysfs', staged('/sys'), ['ro', 'nosuid', 'nodev', 'noexec'])],
			['root', ROOT],
		]),
		'cd /',
		confined(asRoot, NET_ADMIN),
	].join('\n');
}

/** Returns the steps that create /dev. An ordinary user cannot create devices, so they are bind-mounted. */
function deviceSteps(asRoot: boolean): RootStep[] {
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
/** The mode in octal, as chmod(1) takes it. */
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

/** Returns the path in the staging folder, before that becomes the root. */
const staged = (path: string): string => join(ROOT, path);

/**
 * Returns the entries of /proc that must be read-only, because they are global kernel settings: Docker's defaults
 * (moby, oci/defaults.go) and everything else that is writable.
 */
function globalSettings(): string[] {
	const names = readdirSync('/proc').filter((name) => !/^(\d+|self|thread-self|mounts|net)$/.test(name));
	return names
		.map((name) => join('/proc', name))
		.filter((path) => {
			const found = statSync(path, { throwIfNoEntry: false });
			return found?.isDirectory() || (found !== undefined && (found.mode & 0o222) !== 0);
		});
}

const readOnly = (paths: readonly string[]): RootStep[] => paths.map((path) => bind(path, path, 'ro'));

/**
 * Returns the steps that let a machine write the sysctls of its own network. A userland cannot write them. One of them
 * is global to the kernel (net/netfilter/nf_hooks_lwtunnel.c: a static key), so it stays read-only if it exists.
 */
function networkSysctls(): RootStep[] {
	const [own, machineWide] = ['/proc/sys/net', '/proc/sys/net/netfilter/nf_hooks_lwtunnel'];
	return [bind(own, staged(own)), ['try', ...bind(machineWide, staged(machineWide), 'ro')]];
}

/** One step of `halfopen-root`: its name and operands (see root.c). */
type RootStep = readonly string[];
type MountFlag = 'ro' | 'nosuid' | 'nodev' | 'noexec';

const folder = (path: string, mode = '755'): RootStep => ['folder', path, mode];
const file = (path: string): RootStep => ['file', path];
/** A symbolic link with the same target as on this machine. */
const link = (path: string): RootStep => ['link', readlinkSync(path), staged(path)];
const bind = (from: string, to: string, ...flags: readonly MountFlag[]): RootStep => ['bind', from, to, flags.join()];
const mount = (type: string, path: string, flags: readonly MountFlag[], options = ''): RootStep => [
	'mount',
	type,
	path,
	flags.join(),
	options,
];

/** Returns the command that executes the steps, in one process. */
const rootCommand = (steps: readonly RootStep[]): string => `halfopen-root ${steps.flat().map(quoted).join(' ')}`;
