import type Dockerode from 'dockerode';

/**
 * How often the engine is asked. Each time runc looks a thousand times, with pauses of 10 ms that add up to 0.2 s
 * (FreezerGroup.Set in libcontainer/cgroups/fs/freezer.go, 1.1): 4 s in all, and the time of the looks.
 */
export const MAX_ATTEMPTS = 20;

/**
 * Freezes a container. With cgroup v1 a busy machine’s processes may take longer to stop than runc looks at them; it
 * thaws them then, and the engine refuses: the container runs on as before, so it is asked again.
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
