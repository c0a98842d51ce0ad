/** A mount of this machine (proc_pid_mountinfo(5)). */
export interface Mount {
	readonly point: string;
	readonly type: string;
}

/** A name in a folder. */
export interface DirectoryEntry {
	readonly name: string;
	readonly kind: 'folder' | 'link' | 'file' | 'other';
}

/** The names in a folder; undefined of what is none, or may not be looked into. */
export type ReadDirectory = (path: string) => readonly DirectoryEntry[] | undefined;

/** How the file system of a host is put together from this machine's. */
export interface Layout {
	/** Folders over which lies a layer of the host's own: what is written there is written to the layer. */
	readonly layered: readonly string[];
	/** What is shown as it is, and cannot be written to. */
	readonly readOnly: readonly string[];
	/** Folders that are the host's own, with those of their names that are brought. */
	readonly own: readonly string[];
	readonly links: readonly string[];
}

/** What a host has of its own, whatever this machine has there. */
export const HOSTS_OWN = ['/dev', '/proc', '/run', '/sys'];

/** Kernels' interfaces: no files of anybody's. */
const NO_FILES = new Set(
	(
		'autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl hugetlbfs mqueue nsfs ' +
		'proc pstore rpc_pipefs securityfs selinuxfs sysfs tracefs'
	).split(' '),
);
/** Where container engines have the mounts of their containers: they come and go, and are nobody's on a host. */
const OF_CONTAINERS = /^\/var\/lib\/(docker|containerd|containers|kubelet|lxc|lxd|incus)\//;
/** Their folders are read only by nature. */
const IMAGES = new Set(['squashfs', 'iso9660', 'erofs']);
/** What the options of an overlay would take apart, and names that no tool is to be tried with. */
const STRANGE = /[,:\\"'\p{Cc}]/u;

const isBelow = (path: string, folder: string): boolean =>
	path.startsWith(folder === '/' ? '/' : `${folder}/`) && path !== folder;

/** The mounts of this process, each once: what lies over another hides it. */
export function parseMountinfo(text: string): Mount[] {
	const mounts = text.split('\n').flatMap((line): Mount[] => {
		const fields = line.split(' ');
		const end = fields.indexOf('-');
		const [point, type] = [fields[4], fields[end + 1]];
		return point === undefined || type === undefined || end < 6 ? [] : [{ point: unescaped(point), type }];
	});
	return [...new Map(mounts.map((mount) => [mount.point, mount])).values()];
}

/** Blanks and the like stand there as three octal digits. */
const unescaped = (text: string) =>
	text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/**
 * Root lays one layer over the whole of `/`, and one over each file system that is mounted below. In an ordinary user's
 * namespace mounts that were there before are locked (mount_namespaces(7)), and the kernel makes no overlay of a folder
 * with one of them below (clone_private_mount, fs/namespace.c): there the folders down to them are made anew, and what
 * lies beside them is layered. Over `unfit` folders nothing can be layered: they are read only.
 */
export function layoutOf(
	mounts: readonly Mount[],
	entries: ReadDirectory,
	asRoot: boolean,
	noOverlay: readonly string[],
): Layout {
	const layered: string[] = [];
	const readOnly: string[] = [];
	const own: string[] = [];
	const links: string[] = [];
	const kept = mounts.filter(isKept);
	const others = new Set(mounts.filter((mount) => !isKept(mount)).map(({ point }) => point));
	const images = new Set(mounts.filter(({ type }) => IMAGES.has(type)).map(({ point }) => point));

	const bring = (path: string, isFolder: boolean) =>
		(isFolder && !STRANGE.test(path) && !images.has(path) && !noOverlay.includes(path) ? layered : readOnly).push(path);
	const descend = (path: string): void => {
		const found = others.has(path) ? undefined : entries(path);
		if (HOSTS_OWN.includes(path) || found === undefined) own.push(path);
		else if (!mounts.some(({ point }) => isBelow(point, path))) bring(path, true);
		else {
			own.push(path);
			for (const { name, kind } of found) {
				const below = path === '/' ? `/${name}` : `${path}/${name}`;
				if (kind === 'folder') descend(below);
				else if (kind === 'link') links.push(below);
				else if (kind === 'file') bring(below, false);
			}
		}
	};
	if (asRoot) for (const { point } of kept) bring(point, entries(point) !== undefined);
	else descend('/');
	// What is mounted at `/` comes first, and what is mounted on something comes after it.
	return { layered: layered.sort(), readOnly: readOnly.sort(), own: own.sort(), links };
}

function isKept({ point, type }: Mount): boolean {
	if (point === '/') return true;
	return (
		!NO_FILES.has(type) &&
		!OF_CONTAINERS.test(point) &&
		!HOSTS_OWN.some((path) => point === path || isBelow(point, path))
	);
}
