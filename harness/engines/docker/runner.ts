import { hostname } from 'node:os';
import type Dockerode from 'dockerode';
import { getContainerRuntimeClient } from 'testcontainers';
import { HalfopenError } from '../../errors.ts';
import type { EngineRunner, OpenRun, Run, RunIdentity } from '../engine.ts';
import { containerOptions, outputToEnd, startAttached } from './attached.ts';
import { asking, engineError, isConflict, isMissing } from './engine-errors.ts';
import { hostImage } from './image.ts';
import { labelsOf, OWNER_LABEL, RUN_LABEL } from './labels.ts';
import { forgetfulContainer, recorderContainer } from './recorder.ts';
import { anyBlock } from './subnets.ts';

/** What `connect` needs, as it travels from the runner to the workers. */
export interface DockerFacts extends Record<string, string> {
	readonly dockerHost: string;
	readonly version: string;
	readonly image: string;
	readonly firstBlock: string;
	/** Names below net.ipv4, separated by blanks. */
	readonly sysctls: string;
	/** `yes`, or why the kernel's trace cannot be read. */
	readonly kernelTrace: string;
}

export const dockerRunner: EngineRunner = {
	name: 'docker',

	async open(run: Run): Promise<OpenRun> {
		const docker = await reachEngine();
		const image = await hostImage();
		await assertImage(docker, image);
		await sweepDeadRuns(docker, image);
		const [sysctls, recorder] = await Promise.all([readSysctlNames(docker, run, image), startRecorder(docker, run, image)]);
		const facts: DockerFacts = {
			dockerHost: dockerHost(docker),
			version: (await docker.version()).Version,
			image,
			firstBlock: String(anyBlock()),
			sysctls,
			kernelTrace: recorder.recording ? 'yes' : recorder.why,
		};
		return { facts, close: () => recorder.stop() };
	},

	async sweep(run: RunIdentity): Promise<string[]> {
		return sweepRun(await reachEngine(), run, await hostImage());
	},
};

/** Finds the engine as testcontainers does: DOCKER_HOST, the current context, rootless sockets, the usual socket. */
async function reachEngine(): Promise<Dockerode> {
	try {
		const client = await getContainerRuntimeClient();
		return client.container.dockerode;
	} catch (error) {
		throw new HalfopenError('ENGINE_UNREACHABLE', {
			problem: 'No Docker engine can be reached.',
			seen: (error as Error).message,
			remedy: 'Run `npm run setup`: it starts one, or installs one, or says what is missing. Or set DOCKER_HOST.',
			cause: error,
		});
	}
}

function dockerHost(docker: Dockerode): string {
	const { socketPath, protocol, host, port } = docker.modem as { socketPath?: string; protocol?: string; host?: string; port?: string };
	return socketPath ? `unix://${socketPath}` : `${protocol === 'https' ? 'https' : 'tcp'}://${host}:${port}`;
}

async function assertImage(docker: Dockerode, image: string): Promise<void> {
	try {
		await docker.getImage(image).inspect();
	} catch (error) {
		if (!isMissing(error)) throw engineError('looking for the host image', error);
		throw new HalfopenError('IMAGE_MISSING', {
			problem: `The host image ${image} is not there: it was never built, or its sources have changed since.`,
			remedy: 'Run `npm run setup`; it builds it.',
		});
	}
}

/** A name can only be checked against what a host really has: what is not kept per namespace is not there at all. */
async function readSysctlNames(docker: Dockerode, run: Run, image: string): Promise<string> {
	const script = 'cd /proc/sys/net/ipv4 && echo *';
	const options = {
		name: `halfopen-${run.id}-sysctls`,
		image,
		labels: labelsOf(run),
		command: ['sh', '-c', script],
		hostConfig: { NetworkMode: 'none' },
	};
	return (await asking('reading the names of sysctls', () => outputToEnd(docker, containerOptions(options)))).trim();
}

interface Recorder {
	readonly recording: boolean;
	readonly why: string;
	stop(): Promise<void>;
}

async function startRecorder(docker: Dockerode, run: RunIdentity, image: string): Promise<Recorder> {
	const { container, channel } = await startAttached(docker, await docker.createContainer(recorderContainer(run, image)));
	const recording = await new Promise<boolean>((resolve) => {
		channel.on('data', (bytes: Buffer) => {
			if (bytes.includes('# recording')) resolve(true);
		});
		channel.on('end', () => resolve(false));
	});
	return {
		recording,
		why: 'tracefs is not mounted on the engine’s machine, or may not be written',
		stop: async () => {
			const gone = container.wait({ condition: 'removed' }).catch(() => {});
			channel.end();
			await gone;
		},
	};
}

async function sweepRun(docker: Dockerode, run: RunIdentity, image: string): Promise<string[]> {
	const filters = { label: [`${RUN_LABEL}=${run.id}`] };
	return asking(`sweeping what is left of run ${run.id}`, async () => {
		const swept: string[] = [];
		for (const { Id, Names } of await docker.listContainers({ all: true, filters })) {
			if (await removed(docker.getContainer(Id).remove({ force: true }))) swept.push(`container ${Names[0]?.slice(1)}`);
		}
		for (const { Id, Name } of await docker.listNetworks({ filters })) {
			if (await removed(docker.getNetwork(Id).remove())) swept.push(`network ${Name}`);
		}
		return [...swept, ...(await forgetInstance(docker, run, image))];
	});
}

/** The recorder takes its trace instance with it, unless it was killed. */
async function forgetInstance(docker: Dockerode, run: RunIdentity, image: string): Promise<string[]> {
	const said = await outputToEnd(docker, forgetfulContainer(run, image));
	return said.split('\n').filter(Boolean);
}

async function removed(removal: Promise<unknown>): Promise<boolean> {
	try {
		await removal;
		return true;
	} catch (error) {
		if (isMissing(error) || isConflict(error)) return false;
		throw error;
	}
}

/** Runs whose runner on this machine is no more, and that nobody swept: the machine went down, or the watchdog was killed too. */
async function sweepDeadRuns(docker: Dockerode, image: string): Promise<void> {
	const filters = { label: [RUN_LABEL] };
	const things = [...(await docker.listContainers({ all: true, filters })), ...(await docker.listNetworks({ filters }))];
	const runs = new Map(things.map(({ Labels }) => [Labels?.[RUN_LABEL] ?? '', Labels?.[OWNER_LABEL] ?? '']));
	for (const [id, owner] of runs) if (isDead(owner)) await sweepRun(docker, { id, owner }, image);
}

function isDead(owner: string): boolean {
	const [machine, pid] = owner.split(':');
	if (machine !== hostname()) return false;
	try {
		process.kill(Number(pid), 0);
		return false;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'ESRCH';
	}
}
