import type { Duplex } from 'node:stream';
import { HalfopenError } from '../../errors.ts';
import type { BootChannels, EngineHost, EngineLab } from '../engine.ts';
import type { Subnet } from '../subnets.ts';
import { twoHosts } from '../two-hosts.ts';
import {
	besideUserland,
	type NamespaceProcess,
	NO_IPV6,
	startInNamespaces,
	unshareMachine,
	unshareUserland,
} from './namespace-process.ts';
import type { Platform } from './platform.ts';
import { Wire } from './wire.ts';

const PREFIX_LENGTH = 29;

/**
 * The words before a program that is told that it has left its groups. Root's tcpdump leaves them before it captures,
 * and nobody may in an ordinary user's namespace, which has one user and no group to leave.
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
 * Says that its network and its mounts are there, waits for its end of the wire, and takes it into use. IPv6 goes
 * before an interface comes.
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

/** Says that it is there: from then on it can be frozen. */
const userlandScript = ({ files }: Platform) => `${files.userland}\necho up >&2`;

/**
 * Where a userland's pid has become somebody else's, everybody would be everybody on this machine: so who signals must
 * have left the namespace from which it came. With nobody to signal kill fails; that is no failure of ours.
 */
const WITH_OUTER_PID_NAMESPACE = 'exec "$@" "$(readlink /proc/self/ns/pid)"';
const signalAll = (signal: string, until: string) => [
	'bash',
	'-c',
	`[ "$(readlink /proc/self/ns/pid)" != "$0" ] || exit 1; kill -${signal} -1 2>/dev/null || :; ${until}`,
];

/**
 * SIGSTOP is sent in no time, but a call that is under way when it comes may still return what arrives meanwhile: so
 * all threads of all programs, but the agent and this, are waited for. Stopped, stopped under a tracer, dead; and in an
 * uninterruptible wait (that of vfork for a child that is stopped lasts), from which the way back to the program leads
 * into the stop. At most 10 s.
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

/** What is around the namespaces of a lab. */
export interface NamespacesLabOptions extends Pick<EngineLab, 'clock' | 'kernelTrace' | 'ready'> {
	/** Takes all away: by `end`, which ends what the lab has in namespaces, or with the ground that it stands on. */
	remove(end: () => Promise<void>): Promise<void>;
}

/**
 * Two network namespaces and, between them, a third that is the wire: so that the end of one host is nothing to the
 * other's interface.
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

interface HostSettings {
	readonly name: string;
	readonly address: string;
	readonly mac: string;
}

/** A machine that owns the network namespace, and a userland with processes of its own that joins it. */
class NamespacesHost implements EngineHost {
	readonly address: string;
	readonly mac: string;
	readonly #platform: Platform;
	readonly #wire: Wire;
	readonly #settings: HostSettings;
	#boots = 0;
	#machine: NamespaceProcess | undefined;
	#userland: NamespaceProcess | undefined;
	#booting: Promise<unknown> = Promise.resolve();

	constructor(platform: Platform, wire: Wire, settings: HostSettings) {
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
		const words = unshareMachine(this.#platform, await this.#wire.pid());
		const machine = await startInNamespaces(this.#platform, words, machineScript(this.#platform), name, address);
		this.#machine = machine;
		await machine.reported('made');
		await Promise.all([this.#startUserland(machine), this.#plug(machine, mac)]);
	}

	async powerOff(): Promise<void> {
		if (this.#machine) await this.#wire.unplug(this.#port);
		await this.#endProcesses();
	}

	/** The end of all its processes; its end of the wire goes with the wire. */
	async end(): Promise<void> {
		await this.#endProcesses();
		// A boot that was under way fails for that; what it had started by then goes, too.
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

	/** Gives the machine its end of the wire; passes when it has taken that into use. */
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
			unshareUserland(this.#platform, machine.pid),
			userlandScript(this.#platform),
		);
		this.#userland = userland;
		await userland.reported('up');
	}

	/** All processes of userland at once, but for its first, the agent: the kernel lets nobody stop that from inside. */
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
			problem: `The programs of the ${this.#settings.name} could not be given SIG${signal}, or did not heed it.`,
			seen: err,
			remedy:
				'Look whether nsenter may enter the PID namespace of this user’s own processes, and who else signals them.',
		});
	}

	#off(): HalfopenError {
		return new HalfopenError('HOST_OFF', {
			problem: `The ${this.#settings.name} is off, or its programs were killed.`,
			remedy: `Switch it on first: await ${this.#settings.name}.powerOn(); or heal the earlier fault.`,
		});
	}
}
