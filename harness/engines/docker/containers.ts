import type { Duplex } from 'node:stream';
import type Dockerode from 'dockerode';
import { HalfopenError } from '../../errors.ts';
import type { RunIdentity } from '../engine.ts';
import { containerOptions, startAttached } from './attached.ts';
import { withEngineErrors } from './engine-errors.ts';
import { labelsOf } from './labels.ts';
import { removeContainer } from './remove.ts';

/** Where and for whom containers are created. */
export interface ContainersOptions {
	readonly docker: Dockerode;
	readonly run: RunIdentity;
	readonly image: string;
}

/** How a container is created. */
export interface ContainerSettings {
	readonly name: string;
	readonly hostname?: string;
	readonly hostConfig: Dockerode.HostConfig;
}

/** The containers of one host, or of the wire. */
export class Containers {
	readonly #options: ContainersOptions;
	/** All that were requested and not yet removed, started or not. */
	readonly #created = new Set<Promise<Dockerode.Container>>();
	#closed = false;

	constructor(options: ContainersOptions) {
		this.#options = options;
	}

	/** Creates a container without starting it. Rejects with HOST_OFF after `close`. */
	create({ name, hostname, hostConfig }: ContainerSettings): Promise<Dockerode.Container> {
		const { docker, run, image } = this.#options;
		if (this.#closed) return Promise.reject(removed(name));
		const options = containerOptions({ name, image, ...(hostname && { hostname }), labels: labelsOf(run), hostConfig });
		const created = withEngineErrors(`creating ${name}`, () => docker.createContainer(options));
		this.#created.add(created);
		created.catch(() => this.#created.delete(created));
		return created;
	}

	/** Starts a created container. Returns the channel to its main process. */
	async start(container: Dockerode.Container): Promise<Duplex> {
		return (await startAttached(this.#options.docker, container)).channel;
	}

	/** Removes a container that was created here. */
	async remove(container: Dockerode.Container): Promise<void> {
		await withEngineErrors(`removing container ${container.id.slice(0, 12)}`, () =>
			removeContainer(this.#options.docker, container),
		);
	}

	/** Removes all containers, also those that are being created. */
	async removeAll(): Promise<void> {
		await Promise.all(
			[...this.#created].map(async (created) => {
				const container = await created.catch(() => undefined);
				if (container) await this.remove(container);
				this.#created.delete(created);
			}),
		);
	}

	/** Removes all containers. None can be created afterwards. */
	async close(): Promise<void> {
		this.#closed = true;
		await this.removeAll();
	}
}

function removed(name: string): HalfopenError {
	return new HalfopenError('HOST_OFF', {
		problem: `The container ${name} was not created: its lab has been removed.`,
		remedy: 'Look for the error that ended the lab. It came before this one.',
	});
}
