import type { HostName } from '../../timeline/events.ts';
import type { EngineLab, Run } from '../engine.ts';
import { takeLabNumber } from '../lab-number.ts';
import { RealClock } from '../real-clock.ts';
import { subnet } from '../subnets.ts';
import { Containers } from './containers.ts';
import { DockerHost } from './docker-host.ts';
import { type MachineOptions, machineConfig } from './machine-config.ts';

/** What all labs of a run have in common. */
export interface DockerLabOptions extends MachineOptions {
	readonly run: Run;
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
	const containers = new Containers(options);
	const wire = containers
		.create({ name: `${lab}-wire`, hostname: 'wire', hostConfig: machineConfig(options) })
		.then((container) => containers.start(container));
	// Who connects to its agent reports the error.
	wire.catch(() => {});
	const host = (name: HostName) => new DockerHost(name, { ...options, lab });
	const hosts = { client: host('client'), server: host('server') };
	let destroyed: Promise<void> | undefined;
	const destroy = () => {
		destroyed ??= Promise.all([hosts.client.remove(), hosts.server.remove(), containers.close()]).then(() => {});
		return destroyed;
	};
	return {
		clock: new RealClock(),
		subnet: subnet(options.firstBlock, number),
		wire,
		hosts,
		kernelTrace: options.kernelTrace,
		ready: () => {},
		destroy,
	};
}
