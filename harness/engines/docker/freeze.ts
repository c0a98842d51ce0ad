import type Dockerode from 'dockerode';

/**
 * The maximum number of attempts. In each, runc checks the state a thousand times, with pauses of 10 ms that add up to
 * 0.2 s (FreezerGroup.Set in libcontainer/cgroups/fs/freezer.go, 1.1): 4 s in all, plus the time of the checks.
 */
export const MAX_ATTEMPTS = 20;

/**
 * Freezes a container. With cgroup v1 on a busy machine, processes may take longer to stop than runc waits. runc then
 * thaws them and the engine returns an error. The container runs as before, so the request is repeated.
 */
export async function freezeContainer(container: Pick<Dockerode.Container, 'pause'>): Promise<void> {
	for (let attempt = 1; ; attempt++) {
		try {
			await container.pause();
			return;
		} catch (error) {
			if (attempt === MAX_ATTEMPTS || !isUnableToFreeze(error)) throw error;
		}
	}
}

function isUnableToFreeze(error: unknown): boolean {
	return error instanceof Error && error.message.includes('unable to freeze');
}
