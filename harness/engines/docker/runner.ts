import { finished } from 'node:stream/promises';
import type Dockerode from 'dockerode';
import { getContainerRuntimeClient } from 'testcontainers';
import { HalfopenError } from '../../errors.ts';
import type { EngineRunner, OpenRun, Run, RunIdentity } from '../engine.ts';
import { reserveBlocks } from '../reserve-blocks.ts';
import { LIST_SYSCTLS } from '../sysctl-names.ts';
import { RECORDING, type Recorder } from '../trace-recorder.ts';
import { containerOptions, outputToEnd, startAttached } from './attached.ts';
import { engineError, isMissing, withEngineErrors } from './engine-errors.ts';
import { hostImage } from './image.ts';
import { labelsOf } from './labels.ts';
import { startPidNamespace } from './pid-namespace.ts';
import { recorderContainer } from './recorder.ts';
import { removeContainer } from './remove.ts';
import { runsOf, sweepRun } from './sweep.ts';

/** The facts that the runner passes to `connect` in the workers. */
export interface DockerFacts extends Record<string, string> {
	readonly dockerHost: string;
	readonly version: string;
	readonly image: string;
	readonly firstBlock: string;
	/** Names below net.ipv4, separated by blanks. */
	readonly sysctls: string;
	/** The folders of /proc/sys, separated by blanks. */
	readonly sysctlFolders: string;
	/** `yes`, or the reason why the kernel's trace cannot be read. */
	readonly kernelTrace: string;
}

export const dockerRunner: EngineRunner = {
	name: 'docker',

	async open(run: Run): Promise<OpenRun> {
		const docker = await reachEngine();
		const image = await hostImage();
		await assertImage(docker, image);
		const work = [
			readSysctls(docker, run, image),
			startRecorder(docker, run, image),
			startPidNamespace(docker, run, image),
		] as const;
		// If one fails, the others are awaited, so that nothing is created after the sweep.
		await Promise.allSettled(work);
		const [sysctls, recorder, removePidNamespace] = await Promise.all(work);
		const blocks = await reserveBlocks();
		const facts: DockerFacts = {
			dockerHost: dockerHost(docker),
			version: (await withEngineErrors('reading its version', () => docker.version())).Version,
			image,
			firstBlock: String(blocks.first),
			...sysctls,
			kernelTrace: recorder.recording,
		};
		const close = async () => {
			blocks.release();
			await Promise.all([recorder.stop(), removePidNamespace()]);
		};
		return { facts, close };
	},

	async runs(): Promise<RunIdentity[]> {
		const docker = await reachEngine();
		return withEngineErrors('looking for earlier runs', () => runsOf(docker));
	},

	async sweep(run: RunIdentity, { quietMs = 0 } = {}): Promise<string[]> {
		return sweepRun(await reachEngine(), run, await hostImage(), quietMs);
	},
};

/** Finds the engine as testcontainers does: DOCKER_HOST, the current context, rootless sockets, the usual socket. */
async function reachEngine(): Promise<Dockerode> {
	const docker = await anyEngine();
	const wanted = process.env.DOCKER_HOST;
	if (wanted === undefined || isAt(docker, wanted)) return docker;
	// If DOCKER_HOST does not answer, testcontainers tries the usual sockets. An engine that the user did not choose is
	// not used.
	throw new HalfopenError('ENGINE_UNREACHABLE', {
		problem: `DOCKER_HOST is ${wanted}, but no Docker engine answers there.`,
		remedy: `Correct DOCKER_HOST, or unset it: an engine answers at ${dockerHost(docker)}.`,
	});
}

async function anyEngine(): Promise<Dockerode> {
	try {
		const client = await getContainerRuntimeClient();
		return client.container.dockerode;
	} catch (error) {
		throw new HalfopenError('ENGINE_UNREACHABLE', {
			problem: 'No Docker engine can be reached.',
			seen: (error as Error).message,
			remedy: 'Run `npm run setup`: it starts or installs one, or says what is missing. Or set DOCKER_HOST.',
			cause: error,
		});
	}
}

function isAt(docker: Dockerode, dockerHost: string): boolean {
	const { socketPath, host, port } = docker.modem as { socketPath?: string; host?: string; port?: number | string };
	const url = new URL(dockerHost);
	return socketPath ? url.pathname === socketPath : url.hostname === host && url.port === String(port);
}

function dockerHost(docker: Dockerode): string {
	const { socketPath, protocol, host, port } = docker.modem as {
		socketPath?: string;
		protocol?: string;
		host?: string;
		port?: string;
	};
	return socketPath ? `unix://${socketPath}` : `${protocol === 'https' ? 'https' : 'tcp'}://${host}:${port}`;
}

async function assertImage(docker: Dockerode, image: string): Promise<void> {
	try {
		await docker.getImage(image).inspect();
	} catch (error) {
		if (!isMissing(error)) throw engineError('looking for the host image', error);
		throw new HalfopenError('IMAGE_MISSING', {
			problem: `The host image ${image} is missing: it was not built yet, or its sources have changed.`,
			remedy: 'Run `npm run setup`: it builds the image.',
		});
	}
}

/**
 * Lists the sysctls of a host in a container: sysctls that are not per namespace do not exist there. Also lists the
 * folders of /proc/sys that must be closed, as they are on the engine's machine.
 */
async function readSysctls(
	docker: Dockerode,
	run: Run,
	image: string,
): Promise<Pick<DockerFacts, 'sysctls' | 'sysctlFolders'>> {
	const options = {
		name: `halfopen-${run.id}-sysctls`,
		image,
		labels: labelsOf(run),
		command: ['bash', '-c', `echo /proc/sys/*/; ${LIST_SYSCTLS}`],
		hostConfig: { NetworkMode: 'none' },
	};
	const output = await withEngineErrors('reading the names of sysctls', () =>
		outputToEnd(docker, containerOptions(options)),
	);
	const [folders = '', sysctls = ''] = output.trim().split('\n');
	return { sysctls, sysctlFolders: folders.replaceAll(/\/proc\/sys\/|\/(?= |$)/g, '') };
}

async function startRecorder(docker: Dockerode, run: RunIdentity, image: string): Promise<Recorder> {
	const created = await withEngineErrors('creating the recorder', () =>
		docker.createContainer(recorderContainer(run, image)),
	);
	const { container, channel } = await startAttached(docker, created);
	const isRecording = await new Promise<boolean>((resolve) => {
		channel.on('data', (bytes: Buffer) => {
			if (bytes.includes(RECORDING)) resolve(true);
		});
		channel.on('close', () => resolve(false));
	});
	return {
		recording: isRecording ? 'yes' : 'tracefs is not mounted on the engine’s machine, or may not be written',
		stop: async () => {
			const ended = finished(channel, { writable: false }).catch(() => {});
			channel.end();
			await ended;
			// If the engine is gone, the scenarios have reported that. The watchdog removes what remains.
			await removeContainer(docker, container).catch(() => {});
		},
	};
}
