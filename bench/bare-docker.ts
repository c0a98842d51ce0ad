import type Dockerode from 'dockerode';
import { labelsOf } from '../harness/engines/docker/labels.ts';
import { removeContainer } from '../harness/engines/docker/remove.ts';
import type { Run } from '../harness/engines/engine.ts';
import { takeLabNumber } from '../harness/engines/lab-number.ts';
import { subnet } from '../harness/engines/subnets.ts';
import { type BenchSide, startedAndRemoved } from './sides.ts';

export interface DockerSite {
	readonly docker: Dockerode;
	readonly run: Run;
	readonly image: string;
	readonly firstBlock: number;
}

/** Creates the same network and the same four containers through dockerode alone. They run only `sleep`. */
export function bareDocker({ docker, run, image, firstBlock }: DockerSite): BenchSide {
	const Labels = labelsOf(run);

	return startedAndRemoved(async (onRemove) => {
		const number = await takeLabNumber(run);
		const name = `halfopen-${run.id}-bare-${number}`;
		const { cidr, client, server } = subnet(firstBlock, number);
		const containers: Dockerode.Container[] = [];
		const create = async (options: Dockerode.ContainerCreateOptions) => {
			const HostConfig = { AutoRemove: true, ...options.HostConfig };
			const container = await docker.createContainer({
				...options,
				Image: image,
				Cmd: ['sleep', 'infinity'],
				Labels,
				HostConfig,
			});
			containers.push(container);
			return container;
		};
		const host = async (title: string, address: string) => {
			const [machine, userland] = await Promise.all([
				create({
					name: `${name}-${title}`,
					HostConfig: { NetworkMode: name, CapAdd: ['NET_ADMIN', 'NET_RAW'] },
					NetworkingConfig: { EndpointsConfig: { [name]: { IPAMConfig: { IPv4Address: address } } } },
				}),
				create({
					name: `${name}-${title}-userland`,
					HostConfig: { NetworkMode: `container:${name}-${title}` },
				}),
			]);
			await machine.start();
			await userland.start();
		};

		const IPAM = { Driver: 'default', Config: [{ Subnet: cidr }] };
		const network = await docker.createNetwork({ Name: name, CheckDuplicate: true, Internal: true, Labels, IPAM });
		onRemove(async () => {
			await Promise.all(containers.map((container) => removeContainer(docker, container)));
			await network.remove();
		});
		await Promise.all([host('client', client.address), host('server', server.address)]);
	});
}
