import type { Duplex } from 'node:stream';
import type Dockerode from 'dockerode';
import { HalfopenError } from '../../errors.ts';
import type { HostName } from '../../timeline/events.ts';
import type { BootChannels, EngineHost, EngineLab, Run } from '../engine.ts';
import { takeLabNumber } from '../lab-number.ts';
import { RealClock } from '../real-clock.ts';
import { type HostAddress, type Subnet, subnet } from '../subnets.ts';
import { twoHosts } from '../two-hosts.ts';
import { type AttachedContainer, containerOptions, startAttached } from './attached.ts';
import { confinedMachine, confinedUserland } from './confined.ts';
import { engineError, isTakenSubnet, withEngineErrors } from './engine-errors.ts';
import { freezeContainer } from './freeze.ts';
import { labelsOf } from './labels.ts';
import { removeContainer, removeNetwork } from './remove.ts';

/** The options that all labs of a run have in common. */
export interface DockerLabOptions {
	readonly docker: Dockerode;
	readonly run: Run;
	readonly image: string;
	/** The folders of /proc/sys on the engine's machine. */
	readonly sysctlFolders: readonly string[];
	/** The first block of the run in the range of subnets. */
	readonly firstBlock: number;
	readonly kernelTrace: EngineLab['kernelTrace'];
}

/** Creates a lab: an internal network with two hosts. */
export async function createDockerLab(lab: DockerLabOptions): Promise<EngineLab> {
	const { network, name, addresses } = await createNetwork(lab);
	const hosts = {
		client: new DockerHost(lab, { lab: name, name: 'client', ...addresses.client }),
		server: new DockerHost(lab, { lab: name, name: 'server', ...addresses.server }),
	};
	return twoHosts(hosts, {
		clock: new RealClock(),
		ready: () => {},
		kernelTrace: lab.kernelTrace,
		async remove() {
			await Promise.all([hosts.client.powerOff(), hosts.server.powerOff()]);
			await withEngineErrors(`removing network ${name}`, () => removeNetwork(network));
		},
	});
}

async function createNetwork({
	docker,
	run,
	firstBlock,
}: DockerLabOptions): Promise<{ network: Dockerode.Network; name: string; addresses: Subnet }> {
	for (;;) {
		const number = await takeLabNumber(run);
		const name = `halfopen-${run.id}-${number}`;
		const addresses = subnet(firstBlock, number);
		try {
			const network = await docker.createNetwork({
				Name: name,
				CheckDuplicate: true,
				Internal: true,
				Labels: labelsOf(run),
				IPAM: { Driver: 'default', Config: [{ Subnet: addresses.cidr }] },
			});
			return { network, name, addresses };
		} catch (error) {
			// Another network has this subnet. The next number has the next of 8,160 blocks.
			if (!isTakenSubnet(error)) throw engineError(`creating network ${name}`, error);
		}
	}
}

interface DockerHostSettings extends HostAddress {
	/** The name of the lab's network. */
	readonly lab: string;
	readonly name: HostName;
}

/** A machine container that owns the network namespace, and a userland container that joins it. */
class DockerHost implements EngineHost {
	readonly address: string;
	readonly mac: string;
	readonly #options: DockerLabOptions;
	readonly #settings: DockerHostSettings;
	#boots = 0;
	#machine: AttachedContainer | undefined;
	#userland: AttachedContainer | undefined;
	#userlands = 0;
	/** All containers that were created and not yet removed, started or not. */
	readonly #containers = new Set<Dockerode.Container>();

	constructor(lab: DockerLabOptions, settings: DockerHostSettings) {
		this.#options = lab;
		this.#settings = settings;
		this.address = settings.address;
		this.mac = settings.mac;
	}

	get boot(): BootChannels {
		if (!this.#machine || !this.#userland) {
			throw new HalfopenError('HOST_OFF', {
				problem: `The ${this.#settings.name}’s power is off.`,
				remedy: `Switch it on first: await ${this.#settings.name}.powerOn().`,
			});
		}
		return { machine: this.#machine.channel, userland: this.#userland.channel };
	}

	async powerOn(): Promise<void> {
		this.#boots++;
		const { docker } = this.#options;
		// Both are created at the same time: the engine looks up the machine only when the userland starts.
		const [machine, userland] = await allOrNone([this.#createMachine(), this.#createUserland()]);
		this.#machine = await startAttached(docker, machine);
		this.#userland = await startAttached(docker, userland);
	}

	async powerOff(): Promise<void> {
		this.#machine = this.#userland = undefined;
		await Promise.all([...this.#containers].map((container) => this.#remove(container)));
	}

	async pause(): Promise<void> {
		await withEngineErrors(`pausing ${this.#settings.name}`, () => freezeContainer(this.#runningUserland()));
	}

	async resume(): Promise<void> {
		await withEngineErrors(`resuming ${this.#settings.name}`, () => this.#runningUserland().unpause());
	}

	async kill(): Promise<void> {
		const userland = this.#runningUserland();
		this.#userland = undefined;
		await this.#remove(userland);
	}

	async revive(): Promise<Duplex> {
		this.#userland = await startAttached(this.#options.docker, await this.#createUserland());
		return this.#userland.channel;
	}

	#runningUserland(): Dockerode.Container {
		if (!this.#userland) {
			throw new HalfopenError('HOST_OFF', {
				problem: `The ${this.#settings.name} runs no programs: its power is off, or they were killed.`,
				remedy: 'Heal the earlier fault first.',
			});
		}
		return this.#userland.container;
	}

	get #machineName(): string {
		return `${this.#settings.lab}-${this.#settings.name}-${this.#boots}`;
	}

	#createMachine(): Promise<Dockerode.Container> {
		const { run, image } = this.#options;
		const { lab, name, address, mac } = this.#settings;
		const options = containerOptions({
			name: this.#machineName,
			image,
			hostname: name,
			labels: labelsOf(run),
			hostConfig: {
				NetworkMode: lab,
				...confinedMachine(this.#options.sysctlFolders),
			},
		});
		return this.#create({
			...options,
			// Engines before API 1.44 read this field. Newer ones read that of the endpoint.
			MacAddress: mac,
			NetworkingConfig: { EndpointsConfig: { [lab]: { IPAMConfig: { IPv4Address: address }, MacAddress: mac } } },
		} as Dockerode.ContainerCreateOptions);
	}

	#createUserland(): Promise<Dockerode.Container> {
		const { run, image } = this.#options;
		const name = `${this.#machineName}-userland-${++this.#userlands}`;
		return this.#create(
			containerOptions({
				name,
				image,
				labels: labelsOf(run),
				hostConfig: { NetworkMode: `container:${this.#machineName}`, ...confinedUserland },
			}),
		);
	}

	async #create(options: Dockerode.ContainerCreateOptions): Promise<Dockerode.Container> {
		const container = await withEngineErrors(`creating ${options.name}`, () =>
			this.#options.docker.createContainer(options),
		);
		this.#containers.add(container);
		return container;
	}

	async #remove(container: Dockerode.Container): Promise<void> {
		await withEngineErrors(`removing container ${container.id.slice(0, 12)}`, () =>
			removeContainer(this.#options.docker, container),
		);
		this.#containers.delete(container);
	}
}

/** Waits for both even if one fails, so that nothing is created after the cleanup. */
async function allOrNone<A, B>(work: readonly [Promise<A>, Promise<B>]): Promise<[A, B]> {
	await Promise.allSettled(work);
	return Promise.all(work);
}
