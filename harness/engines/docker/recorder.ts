import type Dockerode from 'dockerode';
import type { RunIdentity } from '../engine.ts';
import { recorderCommand, removeInstanceCommand, TRACING } from '../trace-recorder.ts';
import { containerOptions } from './attached.ts';
import { labelsOf } from './labels.ts';

/** Returns the name of the container that records the kernel's trace. */
export const recorderName = (run: RunIdentity) => `halfopen-${run.id}-recorder`;

/**
 * Returns the options of the recorder's container. Attach before it starts: it prints `# recording` when it records.
 */
export function recorderContainer(run: RunIdentity, image: string): Dockerode.ContainerCreateOptions {
	return { name: recorderName(run), ...tracingContainer(image, labelsOf(run), recorderCommand(run)) };
}

/**
 * Returns the options of a container that removes the trace instance of a run whose recorder was killed, and prints the
 * name of the instance. The container has no fixed name, because several processes may sweep the same run.
 */
export function instanceRemover(
	run: RunIdentity,
	image: string,
	labels: Record<string, string>,
): Dockerode.ContainerCreateOptions {
	return tracingContainer(image, labels, removeInstanceCommand(run));
}

function tracingContainer(
	image: string,
	labels: Record<string, string>,
	command: string[],
): Dockerode.ContainerCreateOptions {
	return containerOptions({
		image,
		labels,
		command,
		hostConfig: {
			NetworkMode: 'none',
			Binds: [`${TRACING}:${TRACING}`],
			// Where AppArmor is enabled, its default profile denies writing below /sys, even to a bind mount.
			SecurityOpt: ['apparmor=unconfined'],
		},
	});
}
