import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type DirectoryEntry, HOSTS_OWN, layoutOf, parseMountinfo, type ReadDirectory } from './layout.ts';

const MOUNTINFO = String.raw`22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw,nosuid shared:2 - proc proc rw
24 22 0:22 / /sys rw,nosuid - sysfs sysfs rw
25 24 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
26 22 0:5 / /dev rw - devtmpfs devtmpfs rw
27 22 0:24 / /run rw - tmpfs tmpfs rw
28 27 0:25 / /run/user/1000 rw - tmpfs tmpfs rw
29 22 0:26 / /home rw - ext4 /dev/vdb rw
30 22 0:27 / /tmp rw - tmpfs tmpfs rw
31 22 0:28 / /var/lib/docker rw - ext4 /dev/vdc rw
32 31 0:29 / /var/lib/docker/overlay2/0123/merged rw - overlay overlay rw
33 22 7:1 / /snap/curl/1 ro - squashfs /dev/loop1 ro
34 22 0:30 / /mnt/two\040words rw - ext4 /dev/vdd rw
35 22 0:31 / /mnt/a,b rw - ext4 /dev/vde rw
36 22 254:0 /resolv.conf /etc/resolv.conf rw - ext4 /dev/vda rw
37 30 0:32 / /tmp rw - tmpfs again rw
`;
const mounts = parseMountinfo(MOUNTINFO);

/** The entries of each folder: folders (`a/`), links (`a@`) and files. */
const TREE: Readonly<Record<string, readonly string[]>> = {
	'/': ['bin@', 'dev/', 'etc/', 'home/', 'mnt/', 'proc/', 'root/', 'run/', 'snap/', 'sys/', 'tmp/', 'usr/', 'var/'],
	'/etc': ['passwd', 'resolv.conf', 'ssl/', 'mtab@'],
	'/etc/ssl': [],
	'/home': ['anna/'],
	'/mnt': ['two words/', 'a,b/'],
	'/mnt/two words': [],
	'/mnt/a,b': [],
	'/snap': ['curl/'],
	'/snap/curl': ['1/', 'current@'],
	'/snap/curl/1': [],
	'/tmp': [],
	'/usr': ['bin/'],
	'/var': ['lib/', 'tmp/'],
	'/var/lib': ['apt/', 'docker/'],
	'/var/lib/apt': [],
	'/var/tmp': [],
	// /root and /var/lib/docker cannot be read.
};
const entries: ReadDirectory = (path) =>
	TREE[path]?.map((name): DirectoryEntry => {
		if (name.endsWith('/')) return { name: name.slice(0, -1), kind: 'folder' };
		return name.endsWith('@') ? { name: name.slice(0, -1), kind: 'link' } : { name, kind: 'file' };
	});

test('parses mountinfo, and keeps the topmost mount of each mount point', () => {
	expect(mounts.map(({ point }) => point)).toContain('/mnt/two words');
	expect(mounts.filter(({ point }) => point === '/tmp')).toEqual([{ point: '/tmp', type: 'tmpfs' }]);
	expect(parseMountinfo('')).toEqual([]);
	fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseMountinfo(text))));
});

describe('hosts of root', () => {
	const layout = layoutOf(mounts, entries, true, []);

	test('have an overlay of each file system, without those of the kernel and of containers', () => {
		expect(layout).toEqual({
			layered: ['/', '/home', '/mnt/two words', '/tmp'],
			// A file, a name that overlayfs would split, a read-only file system, a folder that cannot be read.
			readOnly: ['/etc/resolv.conf', '/mnt/a,b', '/snap/curl/1', '/var/lib/docker'],
			own: [],
			links: [],
		});
	});

	test('have read-only folders where no overlay is possible', () => {
		const { layered, readOnly } = layoutOf(mounts, entries, true, ['/', '/home']);
		expect(layered).toEqual(['/mnt/two words', '/tmp']);
		expect(readOnly).toEqual(expect.arrayContaining(['/', '/home']));
	});
});

describe('hosts of an ordinary user', () => {
	const layout = layoutOf(mounts, entries, false, []);

	test('have overlays of folders without mounts below, and new folders above mounts', () => {
		expect(layout).toEqual({
			layered: ['/etc/ssl', '/home', '/mnt/two words', '/tmp', '/usr', '/var/lib/apt', '/var/tmp'],
			readOnly: ['/etc/passwd', '/etc/resolv.conf', '/mnt/a,b', '/snap/curl/1'],
			own: [
				'/',
				'/dev',
				'/etc',
				'/mnt',
				'/proc',
				'/root',
				'/run',
				'/snap',
				'/snap/curl',
				'/sys',
				'/var',
				'/var/lib',
				'/var/lib/docker',
			],
			links: ['/bin', '/etc/mtab', '/snap/curl/current'],
		});
	});

	test('have no overlay of a folder with a mount below it, which the kernel would refuse', () => {
		const place = fc.constantFrom('/', ...Object.keys(TREE), '/usr/bin', '/home/anna');
		fc.assert(
			fc.property(
				fc.array(fc.record({ point: place, type: fc.constantFrom('ext4', 'tmpfs', 'proc', 'overlay') })),
				(some) => {
					const { layered, readOnly, own } = layoutOf(some, entries, false, []);
					for (const path of layered)
						expect(
							some.filter(({ point }) => point.startsWith(path === '/' ? '/' : `${path}/`) && point !== path),
						).toEqual([]);
					// No path is in two lists.
					const all = [...layered, ...readOnly, ...own];
					expect(new Set(all).size).toBe(all.length);
					for (const path of HOSTS_OWN) expect(layered).not.toContain(path);
				},
			),
		);
	});
});
