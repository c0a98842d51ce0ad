import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { HalfopenError } from '../../errors.ts';
import type { Platform, PlatformProcess } from './platform.ts';

/**
 * A script that disables IPv6, unless the kernel has none. Hosts have IPv4 only, as Docker's do, and the wire needs no
 * protocol.
 */
export const NO_IPV6 =
	'[ ! -e /proc/sys/net/ipv6 ] || for setting in all default; do echo 1 ' +
	'>/proc/sys/net/ipv6/conf/$setting/disable_ipv6; done';

/** A process that holds namespaces. Its standard input and output are the channel. */
export interface NamespaceProcess {
	/** Its pid on the platform: `/proc/<pid>/ns` are its namespaces. */
	readonly pid: number;
	/** Connected first to the start-up script, then to the agent that replaces it. */
	readonly channel: Duplex;
	/** Resolves when the script has printed this word on stderr. Rejects if the script ends before that. */
	reported(word: string): Promise<void>;
	/** Kills the process and everything in its namespaces. Resolves when they are gone. */
	end(): Promise<void>;
	/** Returns the pid, on the platform, of the first process in its PID namespace. */
	init(): Promise<number>;
}

/** The number of characters of a failed script's output that an error shows. */
const MAX_QUOTED = 2_000;

/**
 * An agent ends when its channel ends, even if this process is killed. A frozen userland cannot, so `setpriv` and
 * `--kill-child` make the kernel kill it.
 */
const KILLED_WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL'];

/** Returns a command prefix that creates a network namespace, and for an ordinary user also a user namespace. */
export function wirePrefix({ asRoot }: Platform): string[] {
	return ['unshare', ...(asRoot ? [] : ['--user', '--map-root-user']), '--net', '--'];
}

/**
 * Returns a command prefix that creates a machine: network, UTS, mount and PID namespaces, in the user namespace of the
 * wire.
 */
export function machinePrefix(platform: Platform, wire: number): string[] {
	return [...nsenter(platform, wire), 'unshare', '--net', '--uts', ...PROCESS_NAMESPACES];
}

/**
 * Returns a command prefix that creates a userland: it joins the network and UTS namespaces of a machine, and gets a
 * new PID namespace and a new mount namespace with a copy of the machine's mounts.
 */
export function userlandPrefix(platform: Platform, machine: number): string[] {
	return [
		...nsenter(platform, machine, '--net', '--uts', '--mount'),
		...KILLED_WITH_PARENT,
		'unshare',
		...PROCESS_NAMESPACES,
	];
}

/** Returns a command prefix that runs a command in the PID and mount namespaces of a userland, with its /proc. */
export function besideUserland(platform: Platform, init: number): string[] {
	return nsenter(platform, init, '--pid', '--mount');
}

const PROCESS_NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];

function nsenter({ asRoot }: Platform, pid: number, ...namespaces: readonly string[]): string[] {
	const user = asRoot ? [] : ['--user', '--preserve-credentials'];
	return user.length + namespaces.length === 0
		? []
		: ['nsenter', '--target', String(pid), ...user, ...namespaces, '--'];
}

/**
 * Starts a script in new namespaces. The script may print words on stderr and read answers. Then it becomes the agent.
 */
export async function startInNamespaces(
	platform: Platform,
	words: readonly string[],
	script: string,
	...args: readonly string[]
): Promise<NamespaceProcess> {
	const started = await platform.start([
		...words,
		'sh',
		'-c',
		`set -e\n${script}\nexec \${confined-} halfopen-agent`,
		'halfopen',
		...args,
	]);
	started.channel.on('error', () => {});
	const init = () => onlyChildOf(platform, started.pid);
	return {
		pid: started.pid,
		channel: started.channel,
		reported: reportsOf(started, words),
		// When the first process of a PID namespace dies, the kernel kills all others in it before that process is gone.
		// The process that created the namespace (`--fork`) waits for that.
		async end() {
			await started.kill(words.includes('--fork') ? await init().catch(() => undefined) : undefined);
			await started.exited;
		},
		init,
	};
}

/** Waits for words on a script's stderr, one per line. Its other output explains why the script ended. */
function reportsOf({ err, exited }: PlatformProcess, words: readonly string[]): NamespaceProcess['reported'] {
	let output = '';
	err.setEncoding('utf8').on('data', (text: string) => {
		output += text;
	});
	const ended = Promise.all([exited, once(err, 'close')]);
	const failure = ended.then(([why]) => setupFailed(words, `${output}${why}`.slice(-MAX_QUOTED)));
	const reported = async (word: string): Promise<void> => {
		while (!output.split('\n').includes(word)) await once(err, 'data');
	};
	return (word) => Promise.race([reported(word), failure.then((error) => Promise.reject(error))]);
}

async function onlyChildOf(platform: Platform, pid: number): Promise<number> {
	const [child] = (await platform.read(`/proc/${pid}/task/${pid}/children`)).split(' ');
	if (!child) {
		throw new HalfopenError('ENGINE_GONE', {
			problem: `The init process of a host is gone: process ${pid} has no child.`,
			remedy: 'Find out who ended it. If memory ran out, the kernel did, and its log (dmesg) says so.',
		});
	}
	return Number(child);
}

function setupFailed(words: readonly string[], output: string): HalfopenError {
	const options = words.filter((word) => word.startsWith('--'));
	return new HalfopenError('ENGINE_REFUSED', {
		problem: `A host could not be set up in its namespaces (${options.join(' ')}).`,
		seen: output,
		remedy: `Correct what the failed step above reports. ${namespaceRequirements(!words.includes('--user'))}`,
	});
}

/** Returns a sentence about the permissions that are needed to create namespaces. */
export function namespaceRequirements(asRoot: boolean): string {
	return asRoot
		? 'Root needs CAP_SYS_ADMIN and CAP_NET_ADMIN for namespaces: give them to the container, or use another engine.'
		: 'An ordinary user needs user namespaces: sysctl user.max_user_namespaces above 0, ' +
				'kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu). Or ' +
				'run it as root.';
}
