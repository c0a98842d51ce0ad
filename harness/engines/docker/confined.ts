import type Dockerode from 'dockerode';

/**
 * What of /proc an engine keeps read only without being told (moby, oci/defaults.go), but /proc/sys, most of which is
 * listed anew.
 */
const READ_ONLY = ['/proc/asound', '/proc/bus', '/proc/fs', '/proc/irq', '/proc/sysrq-trigger'];

/**
 * Folders of /proc/sys that a module may bring later than it was looked. What is not there is passed over (runc,
 * readonlyPath).
 */
const FOLDERS = ['abi', 'crypto', 'debug', 'dev', 'fs', 'fscache', 'kernel', 'sunrpc', 'user', 'vm', 'xen'];

/** The only folder of /proc/sys that a machine writes to: the kernel keeps what is in it for each network namespace. */
const OF_NETWORK = 'net';

/** But this is a switch of the whole kernel (net/netfilter/nf_hooks_lwtunnel.c: a static key). */
const MACHINE_WIDE = '/proc/sys/net/netfilter/nf_hooks_lwtunnel';

/**
 * What of root's a machine does: it has a firewall and captures (tcpdump becomes another user), and ends what it has
 * started.
 */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'KILL', 'NET_ADMIN', 'NET_BIND_SERVICE', 'NET_RAW', 'SETGID', 'SETUID'];

/**
 * No program becomes more than it was started as, by a set-user-ID bit or a file's capabilities (prctl(2),
 * PR_SET_NO_NEW_PRIVS).
 */
const NO_NEW_PRIVILEGES = 'no-new-privileges';

/**
 * What keeps a machine to its own network; `folders` are those of /proc/sys where the engine is. What an engine masks
 * of /proc and /sys stays masked.
 */
export function confinedMachine(folders: readonly string[]): Dockerode.HostConfig {
	const closed = [...new Set([...FOLDERS, ...folders])].filter((name) => name !== OF_NETWORK).sort();
	return {
		CapDrop: ['ALL'],
		CapAdd: CAPABILITIES,
		ReadonlyPaths: [...READ_ONLY, ...closed.map((name) => `/proc/sys/${name}`), MACHINE_WIDE],
		// AppArmor's docker-default denies writing to all of /proc/sys but kernel/shm*, also to what is mounted for
		// writing.
		SecurityOpt: [NO_NEW_PRIVILEGES, 'apparmor=unconfined'],
	};
}

/** A userland has what any container has, and no more by any program. */
export const confinedUserland: Dockerode.HostConfig = { SecurityOpt: [NO_NEW_PRIVILEGES] };
