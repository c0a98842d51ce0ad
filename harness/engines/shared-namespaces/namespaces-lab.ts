import type { Duplex } from 'node:stream';
import { HalfopenError } from '../../errors.ts';
import type { HostName } from '../../timeline/events.ts';
import type { BootChannels, EngineHost, EngineLab } from '../engine.ts';
import type { HostAddress, Subnet } from '../subnets.ts';
import { twoHosts } from '../two-hosts.ts';
import {
	besideUserland,
	machinePrefix,
	type NamespaceProcess,
	NO_IPV6,
	startInNamespaces,
	userlandPrefix,
} from './namespace-process.ts';
import type { Platform } from './platform.ts';
import { Wire } from './wire.ts';

const PREFIX_LENGTH = 29;

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

/**
 * Reports when its network and mounts exist, waits for its end of the wire, and configures it. IPv6 is disabled before
 * an interface exists.
 */
const machineScript = ({ asRoot, files }: Platform) => `
${NO_IPV6}
${asRoot ? 'echo "$1" >/proc/sys/kernel/hostname' : 'hostname "$1"'}
${files.machine}
echo made >&2
${asRoot ? '' : TCPDUMP_OF_USER}
read -r _
ip -batch - <<END
link set lo up
address add $2/${PREFIX_LENGTH} brd + dev eth0
link set eth0 up
END
echo up >&2
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

/** The members of a lab besides its hosts, and how to remove it. */
export interface NamespacesLabOptions extends Omit<EngineLab, 'hosts' | 'destroy'> {
	/** Removes the lab, either with `end`, which ends its namespaces, or together with the platform. */
	remove(end: () => Promise<void>): Promise<void>;
}

/**
 * Creates a lab: two network namespaces and a third for the wire between them. With a separate wire the end of one host
 * does not change the other's interface.
 */
export async function createNamespacesLab(
	platform: Platform,
	addresses: Subnet,
	{ remove, ...parts }: NamespacesLabOptions,
): Promise<EngineLab> {
	const wire = new Wire(platform);
	const hosts = {
		client: new NamespacesHost(platform, wire, { name: 'client', ...addresses.client }),
		server: new NamespacesHost(platform, wire, { name: 'server', ...addresses.server }),
	};
	return twoHosts(hosts, {
		...parts,
		async remove() {
			await remove(async () => {
				await Promise.all([hosts.client.end(), hosts.server.end()]);
				await wire.end();
			});
		},
	});
}

interface NamespacesHostSettings extends HostAddress {
	readonly name: HostName;
}

/** A machine that owns the network namespace, and a userland with its own PID namespace that joins it. */
class NamespacesHost implements EngineHost {
	readonly address: string;
	readonly mac: string;
	readonly #platform: Platform;
	readonly #wire: Wire;
	readonly #settings: NamespacesHostSettings;
	#boots = 0;
	#machine: NamespaceProcess | undefined;
	#userland: NamespaceProcess | undefined;
	#booting: Promise<unknown> = Promise.resolve();

	constructor(platform: Platform, wire: Wire, settings: NamespacesHostSettings) {
		this.#platform = platform;
		this.#wire = wire;
		this.#settings = settings;
		this.address = settings.address;
		this.mac = settings.mac;
	}

	get boot(): BootChannels {
		const { machine, userland } = this.#running;
		return { machine: machine.channel, userland: userland.channel };
	}

	powerOn(): Promise<void> {
		const booting = this.#powerOn();
		this.#booting = booting.catch(() => {});
		return booting;
	}

	async #powerOn(): Promise<void> {
		this.#boots++;
		const { name, address, mac } = this.#settings;
		await this.#wire.made;
		const words = machinePrefix(this.#platform, await this.#wire.pid());
		const machine = await startInNamespaces(this.#platform, words, machineScript(this.#platform), name, address);
		this.#machine = machine;
		await machine.reported('made');
		await Promise.all([this.#startUserland(machine), this.#plug(machine, mac)]);
	}

	async powerOff(): Promise<void> {
		if (this.#machine) await this.#wire.unplug(this.#port);
		await this.#endProcesses();
	}

	/** Ends all processes of the host. Its veth pair is removed with the wire. */
	async end(): Promise<void> {
		await this.#endProcesses();
		// A boot in progress fails now. What it started until then must end, too.
		await this.#booting;
		await this.#endProcesses();
	}

	async #endProcesses(): Promise<void> {
		const processes = [this.#machine, this.#userland];
		this.#machine = this.#userland = undefined;
		await Promise.all(processes.map((process) => process?.end()));
	}

	async pause(): Promise<void> {
		await this.#signalAll('STOP', UNTIL_STOPPED);
	}

	async resume(): Promise<void> {
		await this.#signalAll('CONT', '');
	}

	async kill(): Promise<void> {
		const { userland } = this.#running;
		this.#userland = undefined;
		await userland.end();
	}

	async revive(): Promise<Duplex> {
		if (!this.#machine) throw this.#off();
		await this.#startUserland(this.#machine);
		return this.#running.userland.channel;
	}

	/** Connects the machine to the wire. Resolves when the machine has configured its interface. */
	async #plug(machine: NamespaceProcess, mac: string): Promise<void> {
		await this.#wire.plug(this.#port, machine.pid, mac);
		machine.channel.write('plugged\n');
		await machine.reported('up');
	}

	get #port(): string {
		return `${this.#settings.name}-${this.#boots}`;
	}

	get #running(): { machine: NamespaceProcess; userland: NamespaceProcess } {
		if (!this.#machine || !this.#userland) throw this.#off();
		return { machine: this.#machine, userland: this.#userland };
	}

	async #startUserland(machine: NamespaceProcess): Promise<void> {
		const userland = await startInNamespaces(
			this.#platform,
			userlandPrefix(this.#platform, machine.pid),
			userlandScript(this.#platform),
		);
		this.#userland = userland;
		await userland.reported('up');
	}

	/**
	 * Signals all processes of the userland at once, except its first, the agent: the kernel does not let a process stop
	 * its PID namespace's init.
	 */
	async #signalAll(signal: 'STOP' | 'CONT', until: string): Promise<void> {
		const { userland } = this.#running;
		const { succeeded, err } = await this.#platform.run([
			'sh',
			'-c',
			WITH_OUTER_PID_NAMESPACE,
			signal,
			...besideUserland(this.#platform, await userland.init()),
			...signalAll(signal, until),
		]);
		if (succeeded) return;
		throw new HalfopenError('ENGINE_REFUSED', {
			problem: `The programs of the ${this.#settings.name} could not be sent SIG${signal}, or did not react to it.`,
			seen: err,
			remedy:
				'Check that nsenter may enter the PID namespace of this user’s own processes, and that nothing else signals ' +
				'them.',
		});
	}

	#off(): HalfopenError {
		return new HalfopenError('HOST_OFF', {
			problem: `The ${this.#settings.name} runs no programs: its power is off, or they were killed.`,
			remedy: `Switch it on first (await ${this.#settings.name}.powerOn()), or heal the kill.`,
		});
	}
}
