import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { channelTo } from '../../agent/local.ts';
import { HalfopenError } from '../../errors.ts';
import type { RunIdentity } from '../engine.ts';
import type { Binaries } from './binaries.ts';

/** Whose processes they are: in the environment of everything that a run has in namespaces. */
export const MARK = 'HALFOPEN_NETNS';
export const markOf = ({ id, owner }: RunIdentity) => `${id} ${owner}`;

/** What all namespaces of a run are made with. */
export interface Site {
	readonly run: RunIdentity;
	readonly binaries: Binaries;
	/** An ordinary user becomes root in a user namespace of each lab. */
	readonly asRoot: boolean;
}

/** A process that holds namespaces, and is spoken to over its standard streams. */
export interface Space {
	/** As this process sees it: `/proc/<pid>/ns` are its namespaces. */
	readonly pid: number;
	readonly channel: Duplex;
	/** What the script behind it says before it becomes the agent, line by line, and is answered. */
	readonly control: Duplex;
	/** When it has ended, whoever ended it: what to tell who still wants something of its script. */
	readonly refusal: Promise<HalfopenError>;
	/** Kills it, and all that it holds; passes when that is gone. */
	end(): Promise<void>;
	/** The first process in its PID namespace, as this process sees it. */
	init(): Promise<number>;
}

/**
 * An agent ends when its channel does, however this process dies; but a userland may be frozen then. So `setpriv` and `--kill-child` see to it
 * that the kernel kills that.
 */
const TETHERED = ['setpriv', '--pdeathsig', 'KILL'];

/** The words that make a network namespace, in a user namespace of its own where we are not root. */
export function unshareWire({ asRoot }: Site): string[] {
	return ['unshare', ...(asRoot ? [] : ['--user', '--map-root-user']), '--net', '--'];
}

/** The words that make a machine: network, host name, mounts and processes of its own, in the user namespace of the wire. */
export function unshareMachine(site: Site, wire: number): string[] {
	return [...enter(site, wire), 'unshare', '--net', '--uts', ...PROCESSES];
}

/** The words that make a userland: processes of its own on a machine's network and among its mounts. */
export function unshareUserland(site: Site, machine: number): string[] {
	return [...enter(site, machine, '--net', '--uts', '--mount'), ...TETHERED, 'unshare', ...PROCESSES];
}

/** The words that run a command beside the processes of a userland. */
export function among(site: Site, init: number): string[] {
	return enter(site, init, '--pid');
}

const PROCESSES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];

function enter({ asRoot }: Site, pid: number, ...spaces: readonly string[]): string[] {
	const user = asRoot ? [] : ['--user', '--preserve-credentials'];
	return user.length + spaces.length === 0 ? [] : ['nsenter', '--target', String(pid), ...user, ...spaces, '--'];
}

/** What a host's programs find: ours first, then this machine's, administration's included. */
function pathFor({ bin }: Binaries): string {
	return [bin, process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].filter(Boolean).join(':');
}

/** What everything of a run begins with, on hosts and beside them: it is a host's environment and not ours, with no options of this Node. */
export function environmentOf({ binaries, run }: Pick<Site, 'binaries' | 'run'>): Record<string, string> {
	return { PATH: pathFor(binaries), HOME: '/root', LANG: 'C.UTF-8', [MARK]: markOf(run) };
}

/** Starts a script in namespaces, which may speak on descriptor 3 and then becomes the agent. */
export function startSpace(site: Site, words: readonly string[], script: string, ...args: readonly string[]): Space {
	const [program = '', ...rest] = [...words, 'sh', '-c', `set -e\n${script}\nexec halfopen-agent 3>&-`, 'halfopen', ...args];
	const child = spawn(program, rest, {
		stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
		env: environmentOf(site),
	});
	let said = '';
	child.stderr?.on('data', (bytes: Buffer) => {
		said = `${said}${bytes}`.slice(-2_000);
	});
	const control = child.stdio[3] as Duplex;
	control.on('error', () => {});
	const channel = channelTo(child as Parameters<typeof channelTo>[0]);
	channel.on('error', () => {});
	const closed: Promise<unknown> = once(child, 'close').catch(() => {});
	const exited: Promise<unknown> = once(child, 'exit').catch((error: Error) => {
		said += error.message;
	});
	const space: Space = {
		pid: child.pid ?? -1,
		channel,
		control,
		async end() {
			await kill(child, words.includes('--fork'));
			await exited;
		},
		init: () => onlyChildOf(space.pid),
		// Not before all is read that it said of the reason.
		refusal: closed.then(() => refused(words, said)),
	};
	return space;
}

/** Passes when the script says its next line; rejects when it has ended, or does so instead. */
export function heard({ control, refusal }: Space): Promise<void> {
	return new Promise((resolve, reject) => {
		control.once('data', () => resolve());
		void refusal.then(reject);
	});
}

/**
 * The first process of a PID namespace takes all others with it, and is gone only when they are; who made it (`--fork`) waits for that. A pid is
 * signalled only while it can be nobody else's: that of a child of ours, until it was waited for.
 */
async function kill(child: ChildProcess, hasInit: boolean): Promise<void> {
	const isThere = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
	const init = isThere() && hasInit ? await onlyChildOf(child.pid ?? 0).catch(() => undefined) : undefined;
	if (!isThere()) return;
	if (init === undefined) {
		child.kill('SIGKILL');
		return;
	}
	try {
		process.kill(init, 'SIGKILL');
	} catch (error) {
		// Gone by itself meanwhile.
		if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
	}
}

async function onlyChildOf(pid: number): Promise<number> {
	const [child] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ');
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
		: 'An ordinary user needs user namespaces: sysctl user.max_user_namespaces above 0, kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu). Or run it as root.';
}
