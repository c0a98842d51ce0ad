import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { HalfopenError } from '../../errors.ts';
import type { Platform, PlatformProcess } from './platform.ts';

/** A host has IPv4 only, as Docker's have; the wire has no protocol at all. Some kernels have none to switch off. */
export const NO_IPV6 =
	'[ ! -e /proc/sys/net/ipv6 ] || for setting in all default; do echo 1 ' +
	'>/proc/sys/net/ipv6/conf/$setting/disable_ipv6; done';

/** A process that holds namespaces, and is spoken to over its standard streams. */
export interface NamespaceProcess {
	/** As the ground sees it: `/proc/<pid>/ns` are its namespaces. */
	readonly pid: number;
	/** First to the script behind it, then to the agent that this becomes. */
	readonly channel: Duplex;
	/** Resolves when the script has said this word; rejects when it has ended, or does so instead. */
	reported(word: string): Promise<void>;
	/** Kills it, and all that it holds; passes when that is gone. */
	end(): Promise<void>;
	/** The first process in its PID namespace, as the ground sees it. */
	init(): Promise<number>;
}

/** Of what a script that failed has said, in characters. */
const MAX_QUOTED = 2_000;

/**
 * An agent ends when its channel does, however this process dies; but a userland may be frozen then. So `setpriv` and
 * `--kill-child` see to it that the kernel kills that.
 */
const KILLED_WITH_PARENT = ['setpriv', '--pdeathsig', 'KILL'];

/** The words that make a network namespace, in a user namespace of its own where we are not root. */
export function unshareWire({ asRoot }: Platform): string[] {
	return ['unshare', ...(asRoot ? [] : ['--user', '--map-root-user']), '--net', '--'];
}

/**
 * The words that make a machine: network, host name, mounts and processes of its own, in the user namespace of the
 * wire.
 */
export function unshareMachine(platform: Platform, wire: number): string[] {
	return [...nsenter(platform, wire), 'unshare', '--net', '--uts', ...PROCESS_NAMESPACES];
}

/** The words that make a userland: processes of its own on a machine's network and among its mounts. */
export function unshareUserland(platform: Platform, machine: number): string[] {
	return [
		...nsenter(platform, machine, '--net', '--uts', '--mount'),
		...KILLED_WITH_PARENT,
		'unshare',
		...PROCESS_NAMESPACES,
	];
}

/** The words that run a command beside the processes of a userland, which it sees in /proc. */
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
 * Starts a script in namespaces, which may say words on its standard error and read answers, and then becomes the
 * agent.
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
		// The first process of a PID namespace takes all others with it, and is gone only when they are; who made it
		// (`--fork`) waits for that.
		async end() {
			await started.kill(words.includes('--fork') ? await init().catch(() => undefined) : undefined);
			await started.exited;
		},
		init,
	};
}

/** Hears words, a line each, in what a script says; the rest of it tells why it has ended. */
function reportsOf({ err, exited }: PlatformProcess, words: readonly string[]): NamespaceProcess['reported'] {
	let output = '';
	err.setEncoding('utf8').on('data', (text: string) => {
		output += text;
	});
	const over = Promise.all([exited, once(err, 'close')]);
	const failure = over.then(([why]) => setupFailed(words, `${output}${why}`.slice(-MAX_QUOTED)));
	const reported = async (word: string): Promise<void> => {
		while (!output.split('\n').includes(word)) await once(err, 'data');
	};
	return (word) => Promise.race([reported(word), failure.then((error) => Promise.reject(error))]);
}

async function onlyChildOf(platform: Platform, pid: number): Promise<number> {
	const [child] = (await platform.read(`/proc/${pid}/task/${pid}/children`)).split(' ');
	if (!child) throw new Error(`process ${pid} has no child`);
	return Number(child);
}

function setupFailed(words: readonly string[], output: string): HalfopenError {
	return new HalfopenError('ENGINE_REFUSED', {
		problem: `A host could not be set up in its namespaces: ${words.filter((word) => word.startsWith('--')).join(' ')}`,
		seen: output,
		remedy: `Read above which step failed. ${namespaceRequirements(!words.includes('--user'))}`,
	});
}

/** What the system must allow. */
export function namespaceRequirements(asRoot: boolean): string {
	return asRoot
		? 'Root needs CAP_SYS_ADMIN and CAP_NET_ADMIN for namespaces: in a container, give it those, or use another engine.'
		: 'An ordinary user needs user namespaces: sysctl user.max_user_namespaces above 0, ' +
				'kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu). Or ' +
				'run it as root.';
}
