import type Dockerode from 'dockerode';

/**
 * Paths of /proc that an engine makes read-only by default (moby, oci/defaults.go), except /proc/sys, most of which is
 * listed below.
 */
const READ_ONLY = ['/proc/asound', '/proc/bus', '/proc/fs', '/proc/irq', '/proc/sysrq-trigger'];

/**
 * Folders of /proc/sys that a module may add after they have been listed. runc ignores those that do not exist (runc,
 * readonlyPath).
 */
const FOLDERS = ['abi', 'crypto', 'debug', 'dev', 'fs', 'fscache', 'kernel', 'sunrpc', 'user', 'vm', 'xen'];

/** The only folder of /proc/sys that a machine writes to. The kernel keeps its values per network namespace. */
const OF_NETWORK = 'net';

/**
 * This sysctl is global to the kernel, although it is below `net` (net/netfilter/nf_hooks_lwtunnel.c: a static key).
 */
const MACHINE_WIDE = '/proc/sys/net/netfilter/nf_hooks_lwtunnel';

/**
 * The capabilities that a machine needs: for the firewall, for captures (tcpdump changes its user), and to end the
 * processes that it started.
 */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'KILL', 'NET_ADMIN', 'NET_BIND_SERVICE', 'NET_RAW', 'SETGID', 'SETUID'];

/** No program gains privileges by a set-user-ID bit or by file capabilities (prctl(2), PR_SET_NO_NEW_PRIVS). */
const NO_NEW_PRIVILEGES = 'no-new-privileges';

/**
 * Returns options that confine a machine to its own network. `folders` are the folders of /proc/sys on the engine's
 * machine. Paths of /proc and /sys that the engine masks stay masked.
 */
export function confinedMachine(folders: readonly string[]): Dockerode.HostConfig {
	const closed = [...new Set([...FOLDERS, ...folders])].filter((name) => name !== OF_NETWORK).sort();
	return {
		CapDrop: ['ALL'],
		CapAdd: CAPABILITIES,
		ReadonlyPaths: [...READ_ONLY, ...closed.map((name) => `/proc/sys/${name}`), MACHINE_WIDE],
		// AppArmor's docker-default profile denies writing to all of /proc/sys except kernel/shm*, even to paths that are
		// mounted read-write.
		SecurityOpt: [NO_NEW_PRIVILEGES, 'apparmor=unconfined'],
	};
}

/** Options of a userland: it has the default capabilities of a container, and its programs cannot gain more. */
export const confinedUserland: Dockerode.HostConfig = { SecurityOpt: [NO_NEW_PRIVILEGES] };

/** Options of a container that only waits. */
export const withoutCapabilities: Dockerode.HostConfig = { CapDrop: ['ALL'], SecurityOpt: [NO_NEW_PRIVILEGES] };
