import type Dockerode from 'dockerode';
import type { RunIdentity } from '../engine.ts';
import { thisProcess } from '../owner.ts';
import { distinctRuns } from '../run-identity.ts';
import { type SweepResult, sweepUntilQuiet } from '../sweep-until-quiet.ts';
import { outputToEnd } from './attached.ts';
import { isMissing, withEngineErrors } from './engine-errors.ts';
import { filterFor, labelsOf, RUN_LABEL, runOf } from './labels.ts';
import { instanceRemover, recorderName } from './recorder.ts';
import { removeContainer, removeNetwork } from './remove.ts';

/** The interval between two sweeps. The engine has no event for an object that is about to be created. */
const POLL_MS = 200;

/**
 * Removes all objects of a run, until none is found and none has appeared for `quietMs`: the engine still completes the
 * requests of a process that has died. Returns the names of the removed objects.
 */
export async function sweepRun(docker: Dockerode, run: RunIdentity, image: string, quietMs: number): Promise<string[]> {
	return withEngineErrors(`removing what is left of run ${run.id}`, async () => {
		const early = await sweepLabelled(docker, run, 0);
		const [late, instances] = await Promise.all([
			sweepLabelled(docker, run, quietMs),
			removeInstance(docker, run, image),
		]);
		const lateInstances = late.includes(`container ${recorderName(run)}`)
			? await removeInstance(docker, run, image)
			: [];
		return [...early, ...instances, ...late, ...lateInstances];
	});
}

function sweepLabelled(docker: Dockerode, run: RunIdentity, quietMs: number): Promise<string[]> {
	return sweepUntilQuiet(() => sweepOnce(docker, run), {
		quietMs,
		pollMs: POLL_MS,
		what: `An object of run ${run.id}`,
		remedy:
			`Find out what holds it: \`docker ps --all --filter label=${RUN_LABEL}=${run.id}\`; \`docker network inspect ` +
			`$(docker network ls --quiet --filter label=${RUN_LABEL}=${run.id})\`.`,
	});
}

/** Returns the runs that have objects on the engine. */
export async function runsOf(docker: Dockerode): Promise<RunIdentity[]> {
	const { containers, networks } = await listByLabel(docker, [RUN_LABEL]);
	return distinctRuns([...containers, ...networks].flatMap(({ Labels }) => runOf(Labels) ?? []));
}

async function sweepOnce(docker: Dockerode, run: RunIdentity): Promise<SweepResult> {
	const { containers, networks } = await listByLabel(docker, filterFor(run));
	const containerNames = containers.map(({ Names }) => `container ${Names[0]?.slice(1)}`);
	const networkNames = networks.map(({ Name }) => `network ${Name}`);
	const areContainersRemoved = await Promise.all(
		containers.map(({ Id }) => removeContainer(docker, docker.getContainer(Id))),
	);
	// A network can be removed once nothing is attached to it.
	const areNetworksRemoved = await Promise.all(networks.map(({ Id }) => removeNetwork(docker.getNetwork(Id))));
	return {
		found: [...containerNames, ...networkNames],
		removed: [
			...containerNames.filter((_, index) => areContainersRemoved[index]),
			...networkNames.filter((_, index) => areNetworksRemoved[index]),
		],
	};
}

async function listByLabel(docker: Dockerode, label: string[]) {
	const filters = { label };
	const [containers, networks] = await Promise.all([
		docker.listContainers({ all: true, filters }),
		docker.listNetworks({ filters }),
	]);
	return { containers, networks };
}

/** Removes the run's trace instance. The recorder removes it when it ends, unless it was killed. */
async function removeInstance(docker: Dockerode, run: RunIdentity, image: string): Promise<string[]> {
	// Other processes may sweep the same run, so this container belongs to a separate run.
	const sweeper = { id: `${run.id}-sweep`, owner: thisProcess() };
	try {
		const output = await outputToEnd(docker, instanceRemover(run, image, labelsOf(sweeper)));
		return output.split('\n').filter(Boolean);
	} catch (error) {
		// Without the image there was no recorder.
		if (isMissing(error)) return [];
		throw error;
	}
}
