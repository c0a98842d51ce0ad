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
const MOST_SAID = 2_000;

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
export function unshareMachine(ground: Platform, wire: number): string[] {
	return [...enter(ground, wire), 'unshare', '--net', '--uts', ...PROCESSES];
}

/** The words that make a userland: processes of its own on a machine's network and among its mounts. */
export function unshareUserland(ground: Platform, machine: number): string[] {
	return [...enter(ground, machine, '--net', '--uts', '--mount'), ...KILLED_WITH_PARENT, 'unshare', ...PROCESSES];
}

/** The words that run a command beside the processes of a userland, which it sees in /proc. */
export function besideUserland(ground: Platform, init: number): string[] {
	return enter(ground, init, '--pid', '--mount');
}

const PROCESSES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];

function enter({ asRoot }: Platform, pid: number, ...spaces: readonly string[]): string[] {
	const user = asRoot ? [] : ['--user', '--preserve-credentials'];
	return user.length + spaces.length === 0 ? [] : ['nsenter', '--target', String(pid), ...user, ...spaces, '--'];
}

/**
 * Starts a script in namespaces, which may say words on its standard error and read answers, and then becomes the
 * agent.
 */
export async function startInNamespaces(
	ground: Platform,
	words: readonly string[],
	script: string,
	...args: readonly string[]
): Promise<NamespaceProcess> {
	const started = await ground.start([
		...words,
		'sh',
		'-c',
		`set -e\n${script}\nexec \${confined-} halfopen-agent`,
		'halfopen',
		...args,
	]);
	started.channel.on('error', () => {});
	const init = () => onlyChildOf(ground, started.pid);
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
	let said = '';
	err.setEncoding('utf8').on('data', (text: string) => {
		said += text;
	});
	const over = Promise.all([exited, once(err, 'close')]);
	const refusal = over.then(([why]) => refused(words, `${said}${why}`.slice(-MOST_SAID)));
	const heard = async (word: string): Promise<void> => {
		while (!said.split('\n').includes(word)) await once(err, 'data');
	};
	return (word) => Promise.race([heard(word), refusal.then((error) => Promise.reject(error))]);
}

async function onlyChildOf(ground: Platform, pid: number): Promise<number> {
	const [child] = (await ground.read(`/proc/${pid}/task/${pid}/children`)).split(' ');
	if (!child) throw new Error(`process ${pid} has no child`);
	return Number(child);
}

function refused(words: readonly string[], said: string): HalfopenError {
	return new HalfopenError('ENGINE_REFUSED', {
		problem: `A host could not be set up in its namespaces: ${words.filter((word) => word.startsWith('--')).join(' ')}`,
		seen: said,
		remedy: `Read above which step failed. ${whatIsNeeded(!words.includes('--user'))}`,
	});
}

/** What the system must allow. */
export function whatIsNeeded(asRoot: boolean): string {
	return asRoot
		? 'Root needs CAP_SYS_ADMIN and CAP_NET_ADMIN for namespaces: in a container, give it those, or use another engine.'
		: 'An ordinary user needs user namespaces: sysctl user.max_user_namespaces above 0, ' +
				'kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu). Or ' +
				'run it as root.';
}
