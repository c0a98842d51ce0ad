import type { Duplex } from 'node:stream';
import { Agent } from '../../agent/agent.ts';
import { HalfopenError } from '../../errors.ts';
import type { BootChannels, EngineHost, EngineLab, Run } from '../engine.ts';
import { takeLabNumber } from '../lab-number.ts';
import { realClock } from '../real-clock.ts';
import { subnet } from '../subnets.ts';
import { runCommand } from './command.ts';
import { among, heard, type Site, type Space, startSpace, unshareMachine, unshareUserland, unshareWire } from './spaces.ts';

const PREFIX_LENGTH = 29;
const BRIDGE = 'wire';

/** A host has IPv4 only, as Docker's have; the wire has no protocol at all. */
const NO_IPV6 = 'for setting in all default; do echo 1 >/proc/sys/net/ipv6/conf/$setting/disable_ipv6; done';

/** What is written at run time (locks of iptables) stays inside; our peers lie over /opt. */
const OWN_MOUNTS = ['mount -t tmpfs tmpfs /run', 'mount -t overlay -o "ro,lowerdir=$1:/opt" overlay /opt'].join('\n');

/** Says that its network namespace is there, waits for its end of the wire, and takes it into use. */
const MACHINE = `
${OWN_MOUNTS}
echo "$2" >/proc/sys/kernel/hostname
${NO_IPV6}
echo made >&3
read -r _ <&3
ip -batch - <<END
link set lo up
address add $3/${PREFIX_LENGTH} brd + dev eth0
link set eth0 up
END
echo up >&3
`;

const USERLAND = `
${OWN_MOUNTS}
`;

const WIRE = `
${NO_IPV6}
echo made >&3
`;

/** What every lab of a run needs to know. */
export interface LabSite extends Site {
	readonly run: Run;
	/** The run's place in the range of subnets. */
	readonly firstBlock: number;
}

/** Two network namespaces and, between them, a third that is the wire: so that the end of one host is nothing to the other's interface. */
export async function createNetnsLab(site: LabSite): Promise<EngineLab> {
	const stations = subnet(site.firstBlock, await takeLabNumber(site.run));
	const wire = await Wire.make(site);
	const hosts = {
		client: new NetnsHost(site, wire, { name: 'client', ...stations.client }),
		server: new NetnsHost(site, wire, { name: 'server', ...stations.server }),
	};
	let destroyed: Promise<void> | undefined;
	const destroy = async () => {
		await Promise.all([hosts.client.end(), hosts.server.end()]);
		await wire.end();
	};
	const lab: EngineLab = {
		clock: realClock,
		hosts,
		destroy: () => {
			destroyed ??= destroy();
			return destroyed;
		},
	};
	try {
		const booting = [hosts.client.powerOn(), hosts.server.powerOn()];
		await Promise.allSettled(booting);
		await Promise.all(booting);
		return lab;
	} catch (error) {
		await lab.destroy().catch(() => {});
		throw error;
	}
}

/** A bridge in a namespace of its own. */
class Wire {
	readonly pid: number;
	readonly #space: Space;
	readonly #agent: Agent;

	static async make(site: Site): Promise<Wire> {
		const space = startSpace(site, unshareWire(site), WIRE);
		await heard(space);
		const wire = new Wire(space, await Agent.connect(space.channel, 'the wire'));
		await wire.#ip(`link add ${BRIDGE} type bridge`, `link set ${BRIDGE} up`);
		return wire;
	}

	private constructor(space: Space, agent: Agent) {
		this.pid = space.pid;
		this.#space = space;
		this.#agent = agent;
	}

	/** A cable from the bridge to a machine, whose end is called eth0. */
	async plug(port: string, machine: number, mac: string): Promise<void> {
		await this.#ip(`link add ${port} type veth peer name eth0 address ${mac} netns ${machine}`, `link set ${port} master ${BRIDGE} up`);
	}

	/** Takes the cable away, both ends, whatever has become of the machine; the bridge forgets who was there. */
	async unplug(port: string): Promise<void> {
		await this.#ip(`link del ${port}`);
	}

	end(): Promise<void> {
		return this.#space.end();
	}

	async #ip(...lines: readonly string[]): Promise<void> {
		const { status, err } = await this.#agent.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
		if (status === 0) return;
		throw new HalfopenError('ENGINE_REFUSED', {
			problem: `The wire refused “${lines.join('; ')}”.`,
			seen: err,
			remedy: 'The kernel must have bridges and veth (CONFIG_BRIDGE, CONFIG_VETH): modprobe bridge veth.',
		});
	}
}

interface HostPlace {
	readonly name: string;
	readonly address: string;
	readonly mac: string;
}

/** A machine that owns the network namespace, and a userland with processes of its own that joins it. */
class NetnsHost implements EngineHost {
	readonly address: string;
	readonly mac: string;
	readonly #site: Site;
	readonly #wire: Wire;
	readonly #place: HostPlace;
	#boots = 0;
	#machine: Space | undefined;
	#userland: Space | undefined;

	constructor(site: Site, wire: Wire, place: HostPlace) {
		this.#site = site;
		this.#wire = wire;
		this.#place = place;
		this.address = place.address;
		this.mac = place.mac;
	}

	get boot(): BootChannels {
		const { machine, userland } = this.#running;
		return { machine: machine.channel, userland: userland.channel };
	}

	async powerOn(): Promise<void> {
		this.#boots++;
		const { name, address, mac } = this.#place;
		const machine = startSpace(this.#site, unshareMachine(this.#site, this.#wire.pid), MACHINE, this.#site.binaries.opt, name, address);
		this.#machine = machine;
		await heard(machine);
		this.#userland = this.#startUserland(machine);
		await this.#wire.plug(this.#port, machine.pid, mac);
		machine.control.write('plugged\n');
		await heard(machine);
	}

	async powerOff(): Promise<void> {
		if (this.#machine) await this.#wire.unplug(this.#port);
		await this.end();
	}

	/** The end of all its processes; its end of the wire goes with the wire. */
	async end(): Promise<void> {
		const spaces = [this.#machine, this.#userland];
		this.#machine = this.#userland = undefined;
		await Promise.all(spaces.map((space) => space?.end()));
	}

	pause(): Promise<void> {
		return this.#signalAll('STOP');
	}

	resume(): Promise<void> {
		return this.#signalAll('CONT');
	}

	async kill(): Promise<void> {
		const { userland } = this.#running;
		this.#userland = undefined;
		await userland.end();
	}

	async revive(): Promise<Duplex> {
		if (!this.#machine) throw this.#off();
		this.#userland = this.#startUserland(this.#machine);
		return this.#userland.channel;
	}

	get #port(): string {
		return `${this.#place.name}-${this.#boots}`;
	}

	get #running(): { machine: Space; userland: Space } {
		if (!this.#machine || !this.#userland) throw this.#off();
		return { machine: this.#machine, userland: this.#userland };
	}

	#startUserland(machine: Space): Space {
		return startSpace(this.#site, unshareUserland(this.#site, machine.pid), USERLAND, this.#site.binaries.opt);
	}

	/** All processes of userland at once, but for its first, the agent: the kernel lets nobody stop that from inside. */
	async #signalAll(signal: 'STOP' | 'CONT'): Promise<void> {
		const { userland } = this.#running;
		// With nobody to signal kill fails; that is no failure of ours.
		const everybody = `kill -${signal} -1 2>/dev/null || :`;
		const { succeeded, err } = await runCommand([...among(this.#site, await userland.init()), 'sh', '-c', everybody]);
		if (succeeded) return;
		throw new HalfopenError('ENGINE_REFUSED', {
			problem: `The programs of the ${this.#place.name} could not be given SIG${signal}.`,
			seen: err,
			remedy: 'Look whether nsenter may enter the PID namespace of this user’s own processes.',
		});
	}

	#off(): HalfopenError {
		return new HalfopenError('HOST_OFF', {
			problem: `The ${this.#place.name} is off, or its programs were killed.`,
			remedy: `Switch it on first: await ${this.#place.name}.powerOn(); or heal the earlier fault.`,
		});
	}
}
