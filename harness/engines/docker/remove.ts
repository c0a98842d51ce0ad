import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { isConflict, isMissing } from './engine-errors.ts';

/**
 * Removes a container. Resolves when the engine has released it. Returns false if another process was
 * removing it, or had removed it.
 */
export async function removeContainer(docker: Dockerode, container: Dockerode.Container): Promise<boolean> {
	try {
		await container.remove({ force: true });
		return true;
	} catch (error) {
		if (isConflict(error)) await waitUntilRemoved(docker, container);
		else if (!isMissing(error)) throw error;
		return false;
	}
}

/**
 * Resolves when the removal by another process is complete. The engine's own wait for `removed` cannot be used: a
 * request that comes slightly too late is never answered (moby, container/state.go: SetRemoved creates a new channel
 * for those that still wait).
 */
async function waitUntilRemoved(docker: Dockerode, container: Dockerode.Container): Promise<void> {
	// The engine sends the response headers before it subscribes to events (moby, getEvents in system_routes.go). `since:
	// 0` replays all events that it remembers, so none is missed in between.
	const events = await docker.getEvents({ since: 0, filters: { event: ['destroy'], container: [container.id] } });
	try {
		// The engine remembers 256 events (daemon/events). If the event is no longer among them, the container no longer
		// exists.
		if (await exists(container)) for await (const _destroyed of events) break;
	} finally {
		(events as Readable).destroy();
	}
}

async function exists(container: Dockerode.Container): Promise<boolean> {
	try {
		await container.inspect();
		return true;
	} catch (error) {
		if (isMissing(error)) return false;
		throw error;
	}
}
