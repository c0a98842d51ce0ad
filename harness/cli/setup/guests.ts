import { INIT_SOURCES, initPath } from '../../engines/vm/guest-init.ts';
import { QEMU } from '../../engines/vm/qemu-command.ts';
import { DEBIAN_KEYRING } from '../../kernels/apt.ts';
import { compile, sourcesIn } from '../../util/compile.ts';
import { ensureCompiled } from './compiled.ts';
import { ensureNamespaces } from './namespaces.ts';
import { ensureInstalled, type Requirements } from './packages.ts';

/** What guests need besides the programs of their hosts. */
const REQUIREMENTS: Requirements = {
	[QEMU]: ['qemu-system-x86'],
	cpio: ['cpio'],
	depmod: ['kmod'],
	'dpkg-deb': ['dpkg'],
	flock: ['util-linux'],
	xz: ['xz-utils'],
	[DEBIAN_KEYRING]: ['debian-archive-keyring'],
};

/**
 * Installs QEMU and the programs that guests and kernels need, and compiles the guests' init process. Returns what is
 * ready, for the last message.
 */
export async function ensureGuests(): Promise<string> {
	const namespaces = await ensureNamespaces();
	await ensureInstalled(REQUIREMENTS, 'Guests need programs that are not installed');
	await ensureCompiled(await initPath(), 'the init process of guests', async (target) =>
		compile(target, await sourcesIn(INIT_SOURCES)),
	);
	return `${namespaces}, guests in ${QEMU}`;
}
