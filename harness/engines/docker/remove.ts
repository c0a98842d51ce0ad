import type { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { isConflict, isMissing } from './engine-errors.ts';

/**
 * Ends a container and passes when the engine has forgotten it, its address included. False if somebody else was
 * removing it, or had.
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

/** False if somebody else had removed it, or something is still attached to it. */
export async function removeNetwork(network: Dockerode.Network): Promise<boolean> {
	try {
		await network.remove();
		return true;
	} catch (error) {
		if (isMissing(error) || isInUse(error)) return false;
		throw error;
	}
}

/**
 * Resolves when somebody else's removal is done. Not by the engine's own wait for `removed`: where that comes a moment
 * too late it is never answered (moby, container/state.go: SetRemoved makes a new channel for whoever still waits).
 */
async function waitUntilRemoved(docker: Dockerode, container: Dockerode.Container): Promise<void> {
	// The engine answers before it listens itself (moby, getEvents in system_routes.go): what comes in between is told
	// because it tells all that it remembers, since the beginning of its time.
	const events = await docker.getEvents({ since: 0, filters: { event: ['destroy'], container: [container.id] } });
	try {
		// What was destroyed so long before that it is forgotten (256 events: daemon/events) is told by nobody.
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

/** The engine's answer 403: the network has endpoints. */
function isInUse(error: unknown): boolean {
	return (error as { statusCode?: number }).statusCode === 403;
}
