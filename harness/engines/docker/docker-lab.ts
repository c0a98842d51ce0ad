import type { HostName } from '../../timeline/events.ts';
import type { EngineLab, Run } from '../engine.ts';
import { takeLabNumber } from '../lab-number.ts';
import { RealClock } from '../real-clock.ts';
import { subnet } from '../subnets.ts';
import { confinedMachine } from './confined.ts';
import { Containers, type ContainersOptions } from './containers.ts';
import { DockerHost } from './docker-host.ts';

/** What all labs of a run have in common. */
export interface DockerLabOptions extends ContainersOptions {
	readonly run: Run;
	/** The folders of /proc/sys on the engine's machine. */
	readonly sysctlFolders: readonly string[];
	/** The first block of the run in the range of subnets. */
	readonly firstBlock: number;
	readonly kernelTrace: EngineLab['kernelTrace'];
}

/**
 * Creates a lab. The engine's own networks are not used: every container has no network or that of a machine, and the
 * wire puts a cable into each machine.
 */
export async function createDockerLab(options: DockerLabOptions): Promise<EngineLab> {
	const number = await takeLabNumber(options.run);
	const lab = `halfopen-${options.run.id}-${number}`;
	const wire = `${lab}-wire`;
	const containers = new Containers(options);
	// The engine refuses to create a machine while the container whose PID namespace it joins does not exist.
	const container = await containers.create({
		name: wire,
		hostname: 'wire',
		hostConfig: { NetworkMode: 'none', ...confinedMachine(options.sysctlFolders) },
	});
	const host = (name: HostName) => new DockerHost(name, { ...options, lab, wire });
	const hosts = { client: host('client'), server: host('server') };
	let destroyed: Promise<void> | undefined;
	const destroy = () => {
		destroyed ??= Promise.all([hosts.client.remove(), hosts.server.remove(), containers.close()]).then(() => {});
		return destroyed;
	};
	try {
		return {
			clock: new RealClock(),
			subnet: subnet(options.firstBlock, number),
			wire: await containers.start(container),
			hosts,
			kernelTrace: options.kernelTrace,
			ready: () => {},
			destroy,
		};
	} catch (error) {
		await destroy().catch(() => {});
		throw error;
	}
}
