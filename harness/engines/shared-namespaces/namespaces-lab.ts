import type { Duplex } from 'node:stream';
import { HalfopenError } from '../../errors.ts';
import type { HostName } from '../../timeline/events.ts';
import type { EngineHost, EngineLab, Machine } from '../engine.ts';
import {
	besideUserland,
	machinePrefix,
	type NamespaceProcess,
	NO_IPV6,
	startInNamespaces,
	userlandPrefix,
	wirePrefix,
} from './namespace-process.ts';
import type { Platform } from './platform.ts';

/** Reports when machines can be created. */
const WIRE_SCRIPT = `${NO_IPV6}\necho made >&2`;

/**
 * A command prefix that makes setgroups(2) return 0 without effect. tcpdump, when root runs it, drops its supplementary
 * groups before it captures. A user namespace with a single user does not allow that call.
 */
export const FAKE_SETGROUPS: readonly string[] =
	'strace -D -f --seccomp-bpf -o /dev/null -e trace=setgroups -e inject=setgroups:retval=0'.split(' ');

const TCPDUMP_OF_USER = `
mkdir /run/bin
cat >/run/bin/tcpdump <<END
#!/bin/sh
exec ${FAKE_SETGROUPS.join(' ')} $(command -v tcpdump) "\\$@"
END
chmod +x /run/bin/tcpdump
PATH=/run/bin:$PATH
`;

/** Reports when its network and mounts exist. IPv6 is disabled before an interface exists. */
const machineScript = ({ asRoot, files }: Platform) => `
${NO_IPV6}
${asRoot ? 'echo "$1" >/proc/sys/kernel/hostname' : 'hostname "$1"'}
${files.machine}
${asRoot ? '' : TCPDUMP_OF_USER}
echo made >&2
`;

/** Reports when it runs. From then on it can be frozen. */
const userlandScript = ({ files }: Platform) => `${files.userland}\necho up >&2`;

/**
 * `kill -1` must run in the userland's PID namespace. If the userland's pid has been reused, nsenter may have entered
 * another namespace, and the signal would reach every process of this machine. So the script exits unless its PID
 * namespace differs from that of the caller. `kill` fails if there is no process to signal; that is no error here.
 */
const WITH_OUTER_PID_NAMESPACE = 'exec "$@" "$(readlink /proc/self/ns/pid)"';
const signalAll = (signal: string, until: string) => [
	'bash',
	'-c',
	`[ "$(readlink /proc/self/ns/pid)" != "$0" ] || exit 1; kill -${signal} -1 2>/dev/null || :; ${until}`,
];

/**
 * SIGSTOP is sent immediately, but a system call in progress may still return data that arrives before the thread
 * stops. So this waits for all threads of all programs except the agent and itself, for 10 s at most. The states are:
 * stopped, stopped by a tracer, dead, zombie; and uninterruptible sleep (vfork waits so for a stopped child), from
 * which the thread stops before it returns to the program.
 */
const UNTIL_STOPPED = `
for look in {1..5000}; do
	running=
	for stat in /proc/[0-9]*/task/[0-9]*/stat; do
		[[ $stat == /proc/1/* || $stat == /proc/$$/* ]] && continue
		read -r line 2>/dev/null <$stat || continue
		[[ \${line##*) } == [TtZXD]* ]] || running="$running $line"
	done
	[ -n "$running" ] || exit 0
	sleep 0.002
done
echo "still running: $running" >&2; exit 1
`;

/** What a lab needs besides its namespaces. */
export interface NamespacesLabOptions extends Omit<EngineLab, 'wire' | 'hosts' | 'destroy'> {
	/** Removes the lab: by `end`, which ends its namespaces, or together with the platform. */
	remove(end: () => Promise<void>): Promise<void>;
}

/**
 * Creates a lab: a network namespace for the wire, and two hosts that get one each when they are switched on. With a
 * separate wire the end of one host does not change the other's interface.
 */
export async function createNamespacesLab(
	platform: Platform,
	{ remove, ...parts }: NamespacesLabOptions,
): Promise<EngineLab> {
	const wire = await startInNamespaces(platform, wirePrefix(platform), WIRE_SCRIPT);
	const wireMade = wire.reported('made');
	// Hosts report the error.
	wireMade.catch(() => {});
	const host = (name: HostName) => new NamespacesHost(name, { platform, wire: wire.pid, wireMade });
	const hosts = { client: host('client'), server: host('server') };
	let destroyed: Promise<void> | undefined;
	const destroy = () => {
		destroyed ??= remove(async () => {
			await Promise.all([hosts.client.remove(), hosts.server.remove()]);
			await wire.end();
		});
		return destroyed;
	};
	return { ...parts, wire: Promise.resolve(wire.channel), hosts, destroy };
}

interface NamespacesHostOptions {
	readonly platform: Platform;
	/** The wire's pid on the platform. */
	readonly wire: number;
	/** Resolves when the wire's namespaces exist. */
	readonly wireMade: Promise<void>;
}

/** A machine that owns the network namespace, and a userland with its own PID namespace that joins it. */
class NamespacesHost implements EngineHost {
	readonly #name: HostName;
	readonly #options: NamespacesHostOptions;
	#machine: NamespaceProcess | undefined;
	#userland: NamespaceProcess | undefined;
	/** What is being started. */
	#starting: Promise<unknown> = Promise.resolve();
	#removed = false;

	constructor(name: HostName, options: NamespacesHostOptions) {
		this.#name = name;
		this.#options = options;
	}

	powerOn(): Promise<Machine> {
		return this.#start(async () => {
			const { platform, wire, wireMade } = this.#options;
			// An ordinary user's machines are in the wire's user namespace. Root's need not wait for the wire.
			if (!platform.asRoot) await wireMade;
			const script = machineScript(platform);
			const machine = await startInNamespaces(platform, machinePrefix(platform, wire), script, this.#name);
			this.#machine = machine;
			await Promise.all([wireMade, machine.reported('made')]);
			return machine;
		});
	}

	startUserland(): Promise<Duplex> {
		return this.#start(async () => {
			if (!this.#machine) throw this.#off();
			const { platform } = this.#options;
			const prefix = userlandPrefix(platform, this.#machine.pid);
			const userland = await startInNamespaces(platform, prefix, userlandScript(platform));
			this.#userland = userland;
			await userland.reported('up');
			return userland.channel;
		});
	}

	async powerOff(): Promise<void> {
		const processes = [this.#machine, this.#userland];
		this.#machine = this.#userland = undefined;
		await Promise.all(processes.map((process) => process?.end()));
	}

	/** Removes the host for good, also while it is being started. */
	async remove(): Promise<void> {
		this.#removed = true;
		await this.powerOff();
		// What was being started fails now. What it started until then must end, too.
		await this.#starting;
		await this.powerOff();
	}

	async pause(): Promise<void> {
		await this.#signalAll('STOP', UNTIL_STOPPED);
	}

	async resume(): Promise<void> {
		await this.#signalAll('CONT', '');
	}

	async kill(): Promise<void> {
		const userland = this.#runningUserland;
		this.#userland = undefined;
		await userland.end();
	}

	async #start<Started>(start: () => Promise<Started>): Promise<Started> {
		if (this.#removed) throw this.#off();
		const started = start();
		this.#starting = Promise.allSettled([this.#starting, started]);
		return started;
	}

	get #runningUserland(): NamespaceProcess {
		if (!this.#userland) throw this.#off();
		return this.#userland;
	}

	/**
	 * Signals all processes of the userland at once, except its first, the agent: the kernel does not let a process stop
	 * its PID namespace's init.
	 */
	async #signalAll(signal: 'STOP' | 'CONT', until: string): Promise<void> {
		const userland = this.#runningUserland;
		const { succeeded, err } = await this.#options.platform.run([
			'sh',
			'-c',
			WITH_OUTER_PID_NAMESPACE,
			signal,
			...besideUserland(this.#options.platform, await userland.init()),
			...signalAll(signal, until),
		]);
		if (succeeded) return;
		throw new HalfopenError('ENGINE_REFUSED', {
			problem: `The programs of the ${this.#name} could not be sent SIG${signal}, or did not react to it.`,
			seen: err,
			remedy:
				'Check that nsenter may enter the PID namespace of this user’s own processes, and that nothing else signals ' +
				'them.',
		});
	}

	#off(): HalfopenError {
		return new HalfopenError('HOST_OFF', {
			problem: `The ${this.#name} runs no programs: its power is off, or they were killed.`,
			remedy: `Switch it on first (await ${this.#name}.powerOn()), or heal the kill.`,
		});
	}
}
