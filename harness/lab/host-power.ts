import type { EngineHost } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import type { Fault } from '../faults/fault.ts';
import { takeInterfaceDown } from '../faults/neighbour.ts';
import { type PowerSwitch, powerOff } from '../faults/power-off.ts';
import { type Sysctls, writeSysctls } from '../faults/sysctl.ts';
import { Boots } from '../probes/boots.ts';
import { PacketFile } from '../probes/capture.ts';
import type { HostName } from '../timeline/events.ts';
import type { Offloads } from '../timeline/timeline-file.ts';
import { Boot } from './boot.ts';
import type { LabContext } from './context.ts';
import { type HostIdentity, moveDevice } from './device.ts';
import { setOffloads } from './offloads.ts';
import type { Wire } from './wire.ts';

/** Settings that are applied at every boot of a host. */
export interface HostSettings {
	readonly sysctls: Sysctls;
	readonly offloads: Offloads;
}

/** Switches one host on and off, and configures each of its boots. */
export class HostPower implements PowerSwitch {
	readonly name: HostName;
	/** Assigns the kernel's events to boots. */
	readonly boots = new Boots();
	/** The captured packets of all boots. */
	readonly packets = new PacketFile();
	readonly #engineHost: EngineHost;
	readonly #wire: Wire;
	#identity: HostIdentity;
	readonly #context: LabContext;
	readonly #other: () => HostPower;
	#settings: HostSettings;
	#boot: Boot | undefined;
	#fault: Fault | undefined;

	constructor(
		engineHost: EngineHost,
		wire: Wire,
		identity: HostIdentity,
		sysctls: Sysctls,
		context: LabContext,
		other: () => HostPower,
	) {
		this.name = identity.name;
		this.#engineHost = engineHost;
		this.#wire = wire;
		this.#identity = identity;
		this.#settings = { sysctls, offloads: 'off' };
		this.#context = context;
		this.#other = other;
	}

	/** The current boot. Throws HOST_OFF while the power is off. */
	get boot(): Boot {
		if (this.#boot) return this.#boot;
		throw new HalfopenError('HOST_OFF', {
			problem: `The ${this.name}’s power is off.`,
			remedy: `Switch it on first: await ${this.name}.powerOn().`,
		});
	}

	get isOn(): boolean {
		return this.#boot !== undefined;
	}

	/**
	 * Switches the host on and sets it up: cable, agents, observers, sysctls, offloads, the pinned neighbour. The
	 * observers certainly record only after the first flush of the boot. `query` runs once the sysctls are written, while
	 * the observers start.
	 */
	async setUp(query: (machine: Boot['machine']) => Promise<unknown> = async () => {}): Promise<void> {
		const { sysctls, offloads } = this.#settings;
		const boot = await Boot.start({
			engineHost: this.#engineHost,
			wire: this.#wire,
			identity: this.#identity,
			context: this.#context,
			number: this.boots.next,
			packets: this.packets,
			offloads,
			prepare: ({ machine }) => writeSysctls(machine, sysctls).then(() => query(machine)),
		});
		this.boots.on(this.#context.clock.now());
		this.#boot = boot;
	}

	/**
	 * Applies the settings of a scenario to this boot and to later ones. Returns the values of the written sysctls, as
	 * the kernel shows them.
	 */
	async configure({ sysctls, offloads }: HostSettings): Promise<Record<string, string>> {
		const before = this.#settings;
		this.#settings = { sysctls: { ...before.sysctls, ...sysctls }, offloads };
		if (offloads !== before.offloads) this.boot.longestSegment = await setOffloads(this.boot.machine, offloads);
		return writeSysctls(this.boot.machine, sysctls);
	}

	get identity(): HostIdentity {
		return this.#identity;
	}

	/** Gives the host other addresses, in this boot and in later ones. */
	async moveTo(identity: HostIdentity): Promise<void> {
		await moveDevice(this.boot.machine, this.#identity, identity);
		this.#identity = identity;
	}

	/** Stops the observers at the end of the scenario in an orderly way, so that what they lost is recorded. */
	async stopObservers(): Promise<void> {
		if (!this.#boot) return;
		await this.#boot.flush();
		await this.#boot.stop();
	}

	/** Powers the host off, as a fault. Throws HOST_OFF if it is off. */
	async switchOff(): Promise<Fault> {
		this.#assertOn();
		this.#fault = await powerOff(this, this.#context);
		return this.#fault;
	}

	/** Heals the power off. Does nothing if the host is on. */
	async switchOn(): Promise<void> {
		await this.#fault?.heal();
	}

	/** For the fault: takes the host off the wire, then ends it. */
	async off(): Promise<number> {
		const boot = this.boot;
		const { history } = this.#context;
		const silentSince = await takeInterfaceDown(boot);
		this.boots.off(silentSince);
		boot.losePower(silentSince);
		await boot.stop();
		this.#boot = undefined;
		await this.#wire.unplug({ host: this.name, boot: boot.number });
		await this.#engineHost.powerOff();
		return history.at(silentSince);
	}

	/** For the fault: starts a new boot. */
	async on(): Promise<{ boot: number; sockets: number }> {
		await this.setUp();
		const { boot } = this;
		await boot.flush();
		await boot.sockets.sample();
		boot.sockets.assertSeesAll('whether its stack is empty');
		return { boot: boot.number, sockets: boot.sockets.latest.rows.length };
	}

	/** For the fault: flushes the other host, if that is on. */
	async flushOther(): Promise<HostName | undefined> {
		const other = this.#other();
		if (!other.isOn) return undefined;
		await other.boot.flush();
		return other.name;
	}

	#assertOn(): void {
		void this.boot;
	}
}
