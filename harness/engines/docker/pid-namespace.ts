import type Dockerode from 'dockerode';
import type { RunIdentity } from '../engine.ts';
import { containerOptions, startAttached } from './attached.ts';
import { withoutCapabilities } from './confined.ts';
import { withEngineErrors } from './engine-errors.ts';
import { labelsOf } from './labels.ts';
import { removeContainer } from './remove.ts';

/** Returns the name of the container in whose PID namespace all machines of a run are. */
export const pidNamespaceName = (run: RunIdentity) => `halfopen-${run.id}-pids`;

/**
 * Starts the container in whose PID namespace all machines of a run are. A wire must know the pid of a process in a
 * machine to move an interface there, and the engine lets a container join only the namespace of one that exists. With
 * a container that is there before the labs, a lab's wire and hosts start at the same time.
 *
 * Its first process is an agent, which reaps orphans. It ends with this process, and all machines end with it. Returns
 * a function that removes it.
 */
export async function startPidNamespace(
	docker: Dockerode,
	run: RunIdentity,
	image: string,
): Promise<() => Promise<void>> {
	const options = containerOptions({
		name: pidNamespaceName(run),
		image,
		labels: labelsOf(run),
		hostConfig: { NetworkMode: 'none', ...withoutCapabilities },
	});
	const created = await withEngineErrors('creating the PID namespace of machines', () =>
		docker.createContainer(options),
	);
	const { container } = await startAttached(docker, created);
	return async () => {
		// If the engine is gone, the scenarios have reported that. The watchdog removes what remains.
		await removeContainer(docker, container).catch(() => {});
	};
}
