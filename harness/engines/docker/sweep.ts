import type Dockerode from 'dockerode';
import type { RunIdentity } from '../engine.ts';
import { thisProcess } from '../owner.ts';
import { distinctRuns } from '../run-identity.ts';
import { type SweepResult, sweepUntilQuiet } from '../sweep-until-quiet.ts';
import { outputToEnd } from './attached.ts';
import { isMissing, withEngineErrors } from './engine-errors.ts';
import { filterFor, labelsOf, RUN_LABEL, runOf } from './labels.ts';
import { instanceRemover, recorderName } from './recorder.ts';
import { removeContainer } from './remove.ts';

/** The interval between two sweeps. The engine has no event for an object that is about to be created. */
const POLL_MS = 200;

/**
 * Removes all containers of a run, until none is found and none has appeared for `quietMs`: the engine still completes
 * the requests of a process that has died. Returns the names of the removed objects.
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
		what: `A container of run ${run.id}`,
		remedy:
			'Find out what holds it: `docker inspect $(docker ps --all --quiet --filter ' +
			`label=${RUN_LABEL}=${run.id})\`.`,
	});
}

/** Returns the runs that have containers on the engine. */
export async function runsOf(docker: Dockerode): Promise<RunIdentity[]> {
	const containers = await listByLabel(docker, [RUN_LABEL]);
	return distinctRuns(containers.flatMap(({ Labels }) => runOf(Labels) ?? []));
}

async function sweepOnce(docker: Dockerode, run: RunIdentity): Promise<SweepResult> {
	const containers = await listByLabel(docker, filterFor(run));
	const names = containers.map(({ Names }) => `container ${Names[0]?.slice(1)}`);
	const areRemoved = await Promise.all(containers.map(({ Id }) => removeContainer(docker, docker.getContainer(Id))));
	return { found: names, removed: names.filter((_, index) => areRemoved[index]) };
}

function listByLabel(docker: Dockerode, label: string[]): Promise<Dockerode.ContainerInfo[]> {
	return docker.listContainers({ all: true, filters: { label } });
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
