import { once } from 'node:events';
import type Dockerode from 'dockerode';
import { labelsOf } from '../../engines/docker/labels.ts';
import { removeContainer } from '../../engines/docker/remove.ts';
import type { Run } from '../../engines/engine.ts';
import { takeLabNumber } from '../../engines/lab-number.ts';
import { subnet } from '../../engines/subnets.ts';
import { type Side, timed } from './sides.ts';

export interface BareSite {
	readonly docker: Dockerode;
	readonly run: Run;
	readonly image: string;
	readonly firstBlock: number;
}

/** The same network and the same four containers through dockerode alone, with nobody in them but `sleep`. */
export function bareDocker({ docker, run, image, firstBlock }: BareSite): Side {
	const Labels = labelsOf(run);
	const made: { remove(): Promise<unknown> }[] = [];

	async function create(
		name: string,
		hostConfig: Dockerode.HostConfig,
		more: Dockerode.ContainerCreateOptions = {},
	): Promise<Dockerode.Container> {
		const HostConfig = { AutoRemove: true, ...hostConfig };
		const container = await docker.createContainer({
			name,
			Image: image,
			Cmd: ['sleep', 'infinity'],
			Labels,
			HostConfig,
			...more,
		});
		made.unshift({ remove: () => removeContainer(docker, container) });
		return container;
	}

	async function start(): Promise<Dockerode.Container> {
		const number = await takeLabNumber(run);
		const name = `halfopen-${run.id}-bare-${number}`;
		const { cidr, client, server } = subnet(firstBlock, number);
		const IPAM = { Driver: 'default', Config: [{ Subnet: cidr }] };
		const network = await docker.createNetwork({ Name: name, CheckDuplicate: true, Internal: true, Labels, IPAM });
		made.push(network);
		const host = async (title: string, address: string) => {
			const [machine, userland] = await Promise.all([
				create(
					`${name}-${title}`,
					{ NetworkMode: name, CapAdd: ['NET_ADMIN', 'NET_RAW'] },
					{ NetworkingConfig: { EndpointsConfig: { [name]: { IPAMConfig: { IPv4Address: address } } } } },
				),
				create(`${name}-${title}-userland`, { NetworkMode: `container:${name}-${title}` }),
			]);
			await machine.start();
			await userland.start();
			return machine;
		};
		const [, serving] = await Promise.all([host('client', client.address), host('server', server.address)]);
		return serving;
	}

	async function remove(): Promise<void> {
		const [network, ...containers] = made.splice(0).reverse();
		await Promise.all(containers.map((container) => container.remove()));
		await network?.remove();
	}

	return {
		async measure() {
			try {
				const [server, ready] = await timed(start);
				const rule = ['INPUT', '-p', 'tcp', '--dport', '9', '-j', 'REJECT', '--reject-with', 'tcp-reset'];
				const [, fault] = await timed(async () => {
					await execToEnd(server, ['iptables', '-I', ...rule]);
					await execToEnd(server, ['iptables', '-D', ...rule]);
				});
				// -v: it says when it listens; -n: without asking for its name.
				const [, started] = await timed(async () => {
					const [, stream] = await exec(server, ['nc.openbsd', '-lnv', '8080']);
					await once(stream, 'data');
				});
				const [, ended] = await timed(remove);
				return {
					'lab ready': ready,
					'packet fault, in and out': fault,
					'nc, listening': started,
					'lab removed': ended,
				};
			} finally {
				await remove();
			}
		},
	};
}

async function exec(container: Dockerode.Container, Cmd: string[]): Promise<[Dockerode.Exec, NodeJS.ReadableStream]> {
	const made = await container.exec({ Cmd, AttachStdout: true, AttachStderr: true });
	return [made, await made.start({})];
}

async function execToEnd(container: Dockerode.Container, argv: string[]): Promise<void> {
	const [made, stream] = await exec(container, argv);
	for await (const _ of stream.resume());
	const { ExitCode } = await made.inspect();
	if (ExitCode !== 0) throw new Error(`${argv.join(' ')} ended with status ${ExitCode}`);
}
