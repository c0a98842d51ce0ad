import type Dockerode from 'dockerode';
import type { RunIdentity } from '../engine.ts';
import { recorderCommand, removeInstanceCommand, TRACING } from '../trace-recorder.ts';
import { containerOptions } from './attached.ts';
import { labelsOf } from './labels.ts';

/** Name of the container that records it. */
export const recorderName = (run: RunIdentity) => `halfopen-${run.id}-recorder`;

/** The recorder's container, to be started attached; it writes `# recording` once it does. */
export function recorderContainer(run: RunIdentity, image: string): Dockerode.ContainerCreateOptions {
	return { name: recorderName(run), ...tracingContainer(image, labelsOf(run), recorderCommand(run)) };
}

/**
 * A container that removes the trace instance of a run whose recorder could not, and says so. Without a name: several
 * may sweep one run.
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
			// Where AppArmor is on, its default profile forbids writing below /sys, also to what was mounted on purpose.
			SecurityOpt: ['apparmor=unconfined'],
		},
	});
}
