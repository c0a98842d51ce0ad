import { Duplex, PassThrough } from 'node:stream';
import type Dockerode from 'dockerode';
import { withEngineErrors } from './engine-errors.ts';
import { removeContainer } from './remove.ts';

/** A running container, and a channel to the standard streams of its main process. */
export interface AttachedContainer {
	readonly container: Dockerode.Container;
	readonly channel: Duplex;
}

/**
 * Attaches to a created container and then starts it, so that none of its output is missed. The engine closes the
 * container's standard input when this process ends, however it ends (`StdinOnce`).
 */
export async function startAttached(docker: Dockerode, container: Dockerode.Container): Promise<AttachedContainer> {
	return withEngineErrors(`starting container ${container.id.slice(0, 12)}`, async () => {
		const stream = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true });
		const channel = channelOver(docker, stream, `the channel to container ${container.id.slice(0, 12)} was open`);
		await container.start();
		return { container, channel };
	});
}

/** Returns the output of a running container from now on. */
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
 * Demultiplexes the engine's stream: standard output becomes the channel's data, standard error goes to that of this
 * process. The channel ends when the container ends. It fails with ENGINE_GONE if the engine is gone.
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
	// A reader may handle only `end`.
	channel.on('error', () => {});
	docker.modem.demuxStream(stream, out, process.stderr);
	// When the container ends, the connection may end, close or fail. The reader gets the end of the stream in each case.
	const end = () => out.end();
	stream.on('end', end).on('close', end).on('error', end);
	return channel;
}

/** Runs a container to its end and returns its output. */
export async function outputToEnd(docker: Dockerode, options: Dockerode.ContainerCreateOptions): Promise<string> {
	const { container, channel } = await startAttached(docker, await docker.createContainer(options));
	let output = '';
	for await (const bytes of channel) output += bytes;
	await removeContainer(docker, container);
	return output;
}

/** Returns the options that all containers of a lab have in common. */
export function containerOptions(options: {
	/** Default: a name that the engine chooses. */
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
		// No restart: a host that dies stays dead, and its container is removed.
		HostConfig: { AutoRemove: true, ...options.hostConfig },
	};
}
