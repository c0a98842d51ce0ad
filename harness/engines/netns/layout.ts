/** A mount of this machine (proc_pid_mountinfo(5)). */
export interface Mount {
	readonly point: string;
	readonly type: string;
}

/** An entry of a folder. */
export interface DirectoryEntry {
	readonly name: string;
	readonly kind: 'folder' | 'link' | 'file' | 'other';
}

/** Reads a folder. Returns undefined if the path is no folder or may not be read. */
export type ReadDirectory = (path: string) => readonly DirectoryEntry[] | undefined;

/** How the file system of a host is assembled from this machine's. */
export interface Layout {
	/** Folders with an overlay: changes stay in the host's own layer. */
	readonly layered: readonly string[];
	/** Paths that are bind-mounted read-only. */
	readonly readOnly: readonly string[];
	/** Folders that are created for the host. Their entries are in the other lists. */
	readonly own: readonly string[];
	readonly links: readonly string[];
}

/** Folders that every host gets anew, whatever this machine has there. */
export const HOSTS_OWN = ['/dev', '/proc', '/run', '/sys'];

/** File systems that are kernel interfaces and hold no user's files. */
const NO_FILES = new Set(
	(
		'autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl hugetlbfs mqueue nsfs ' +
		'proc pstore rpc_pipefs securityfs selinuxfs sysfs tracefs'
	).split(' '),
);
/**
 * Where container engines mount the file systems of their containers. These mounts come and go, and no host needs them.
 */
const OF_CONTAINERS = /^\/var\/lib\/(docker|containerd|containers|kubelet|lxc|lxd|incus)\//;
/** File systems of images, which are read-only. */
const IMAGES = new Set(['squashfs', 'iso9660', 'erofs']);
/** Characters that overlayfs interprets in mount options, and others that tools may not handle. */
const STRANGE = /[,:\\"'\p{Cc}]/u;

const isBelow = (path: string, folder: string): boolean =>
	path.startsWith(folder === '/' ? '/' : `${folder}/`) && path !== folder;

/** Parses /proc/self/mountinfo. Each mount point is returned once: a later mount hides an earlier one. */
export function parseMountinfo(text: string): Mount[] {
	const mounts = text.split('\n').flatMap((line): Mount[] => {
		const fields = line.split(' ');
		const end = fields.indexOf('-');
		const [point, type] = [fields[4], fields[end + 1]];
		return point === undefined || type === undefined || end < 6 ? [] : [{ point: unescaped(point), type }];
	});
	return [...new Map(mounts.map((mount) => [mount.point, mount])).values()];
}

/** The kernel writes blanks and some other characters as three octal digits. */
const unescaped = (text: string) =>
	text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/**
 * Root gets one overlay of `/` and one of each file system that is mounted below. In an ordinary user's namespace the
 * mounts that existed before are locked (mount_namespaces(7)), and the kernel refuses an overlay of a folder with a
 * locked mount below it (clone_private_mount, fs/namespace.c). So the folders above such mounts are created, and the
 * folders beside them get overlays. Folders in `noOverlay` are read-only.
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
	// In this order `/` is mounted first, and a mount point exists before something is mounted on it.
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
