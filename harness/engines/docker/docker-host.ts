import type { Duplex } from 'node:stream';
import type Dockerode from 'dockerode';
import { HalfopenError } from '../../errors.ts';
import type { HostName } from '../../timeline/events.ts';
import type { EngineHost, Machine } from '../engine.ts';
import { confinedUserland } from './confined.ts';
import { Containers } from './containers.ts';
import { withEngineErrors } from './engine-errors.ts';
import { freezeContainer } from './freeze.ts';
import { type MachineOptions, machineConfig } from './machine-config.ts';

export interface DockerHostOptions extends MachineOptions {
	/** Prefix of the names of the lab's containers. */
	readonly lab: string;
}

/** The containers of a boot that has not begun. */
interface PreparedBoot {
	readonly machine: Promise<Dockerode.Container>;
	readonly userland: Promise<Dockerode.Container>;
}

/** A machine container that owns the network namespace, and a userland container that joins it. */
export class DockerHost implements EngineHost {
	readonly #name: HostName;
	readonly #options: DockerHostOptions;
	readonly #containers: Containers;
	#boots = 0;
	#userlands = 0;
	#userland: Dockerode.Container | undefined;
	#prepared: PreparedBoot | undefined;
	/** The userland container of the current boot, until it is started. */
	#firstUserland: Promise<Dockerode.Container> | undefined;

	/** Also begins to create the containers of the first boot. */
	constructor(name: HostName, options: DockerHostOptions) {
		this.#name = name;
		this.#options = options;
		this.#containers = new Containers(options);
		this.#prepared = this.#prepare();
	}

	async powerOn(): Promise<Machine> {
		const { machine, userland } = this.#prepared ?? this.#prepare();
		this.#prepared = undefined;
		this.#firstUserland = userland;
		// The agent's pid is valid on the wire: all machines of a run share a PID namespace.
		return { channel: await this.#containers.start(await machine) };
	}

	async startUserland(): Promise<Duplex> {
		const userland = await (this.#firstUserland ?? this.#createUserland());
		this.#firstUserland = undefined;
		const channel = await this.#containers.start(userland);
		this.#userland = userland;
		return channel;
	}

	async powerOff(): Promise<void> {
		this.#userland = this.#firstUserland = this.#prepared = undefined;
		await this.#containers.removeAll();
	}

	/** Removes the host for good. */
	async remove(): Promise<void> {
		await this.#containers.close();
	}

	async pause(): Promise<void> {
		await withEngineErrors(`pausing ${this.#name}`, () => freezeContainer(this.#runningUserland()));
	}

	async resume(): Promise<void> {
		await withEngineErrors(`resuming ${this.#name}`, () => this.#runningUserland().unpause());
	}

	async kill(): Promise<void> {
		const userland = this.#runningUserland();
		this.#userland = undefined;
		await this.#containers.remove(userland);
	}

	#runningUserland(): Dockerode.Container {
		if (!this.#userland) {
			throw new HalfopenError('HOST_OFF', {
				problem: `The ${this.#name} runs no programs: its power is off, or they were killed.`,
				remedy: 'Heal the earlier fault first.',
			});
		}
		return this.#userland;
	}

	/** Creates both at once: the engine looks up the containers that they join only when they start. */
	#prepare(): PreparedBoot {
		this.#boots++;
		const machine = this.#containers.create({
			name: this.#machineName,
			hostname: this.#name,
			hostConfig: machineConfig(this.#options),
		});
		const userland = this.#createUserland();
		// Who starts them reports the error.
		for (const created of [machine, userland]) created.catch(() => {});
		return { machine, userland };
	}

	get #machineName(): string {
		return `${this.#options.lab}-${this.#name}-${this.#boots}`;
	}

	#createUserland(): Promise<Dockerode.Container> {
		return this.#containers.create({
			name: `${this.#machineName}-userland-${++this.#userlands}`,
			hostConfig: { NetworkMode: `container:${this.#machineName}`, ...confinedUserland },
		});
	}
}
