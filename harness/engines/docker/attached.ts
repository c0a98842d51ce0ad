import { Duplex, PassThrough } from 'node:stream';
import type Dockerode from 'dockerode';
import { withEngineErrors } from './engine-errors.ts';
import { removeContainer } from './remove.ts';

/** A running container whose main process is spoken to over its standard streams. */
export interface AttachedContainer {
	readonly container: Dockerode.Container;
	readonly channel: Duplex;
}

/**
 * Attaches to a created container, then starts it, so that not a byte of its output is missed. The container is
 * tethered: when this process ends, however it ends, the engine closes the container's standard input (`StdinOnce`).
 */
export async function startAttached(docker: Dockerode, container: Dockerode.Container): Promise<AttachedContainer> {
	return withEngineErrors(`starting container ${container.id.slice(0, 12)}`, async () => {
		const stream = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true });
		const channel = channelOver(docker, stream, `the channel to container ${container.id.slice(0, 12)} was open`);
		await container.start();
		return { container, channel };
	});
}

/** What a running container writes from now on. */
export async function outputOf(docker: Dockerode, container: Dockerode.Container): Promise<Duplex> {
	return withEngineErrors(`attaching to container ${container.id.slice(0, 12)}`, async () =>
		channelOver(
			docker,
			await container.attach({ stream: true, stdout: true, stderr: true }),
			`container ${container.id.slice(0, 12)} was read`,
		),
	);
}

/**
 * Takes the engine's multiplexed stream apart: standard output is what is read, standard error goes to this process's.
 * The channel ends with the container, and fails with ENGINE_GONE where it is the engine that has gone.
 */
function channelOver(docker: Dockerode, stream: NodeJS.ReadWriteStream, whileDoing: string): Duplex {
	const channel = new Duplex({
		read: () => void out.resume(),
		write: (bytes, _encoding, done) => void stream.write(bytes, () => done()),
		final: (done) => void stream.end(done),
		destroy: (error, done) => {
			(stream as unknown as Duplex).destroy();
			done(error);
		},
	});
	const out = new PassThrough();
	out.on('data', (bytes) => channel.push(bytes) || out.pause());
	out.on('end', async () => {
		try {
			await withEngineErrors(whileDoing, () => docker.ping());
			channel.push(null);
		} catch (error) {
			channel.destroy(error as Error);
		}
	});
	// For who listens only for the end.
	channel.on('error', () => {});
	docker.modem.demuxStream(stream, out, process.stderr);
	// However the container ends, and whatever the connection to the engine makes of it, for the reader it is the end of
	// the stream.
	const end = () => out.end();
	stream.on('end', end).on('close', end).on('error', end);
	return channel;
}

/** Runs a container to its end; returns what it wrote. */
export async function outputToEnd(docker: Dockerode, options: Dockerode.ContainerCreateOptions): Promise<string> {
	const { container, channel } = await startAttached(docker, await docker.createContainer(options));
	let output = '';
	for await (const bytes of channel) output += bytes;
	await removeContainer(docker, container);
	return output;
}

/** What all containers of a lab have in common. */
export function containerOptions(options: {
	/** Without one, the engine makes one up. */
	name?: string;
	image: string;
	hostname?: string;
	labels: Record<string, string>;
	command?: string[];
	hostConfig: Dockerode.HostConfig;
}): Dockerode.ContainerCreateOptions {
	return {
		...(options.name && { name: options.name }),
		Image: options.image,
		...(options.hostname && { Hostname: options.hostname }),
		...(options.command && { Cmd: options.command }),
		Labels: options.labels,
		OpenStdin: true,
		StdinOnce: true,
		AttachStdin: true,
		AttachStdout: true,
		AttachStderr: true,
		Tty: false,
		// No health, no restart: a host that dies stays dead, and its container goes with it.
		HostConfig: { AutoRemove: true, ...options.hostConfig },
	};
}
