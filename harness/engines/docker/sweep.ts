import { setTimeout as wait } from 'node:timers/promises';
import type Dockerode from 'dockerode';
import { HalfopenError } from '../../errors.ts';
import type { RunIdentity } from '../engine.ts';
import { thisProcess } from '../owner.ts';
import { distinctRuns } from '../run-identity.ts';
import { outputToEnd } from './attached.ts';
import { isMissing, withEngineErrors } from './engine-errors.ts';
import { filterFor, labelsOf, RUN_LABEL, runOf } from './labels.ts';
import { instanceRemover, recorderName } from './recorder.ts';
import { removeContainer, removeNetwork } from './remove.ts';

/** The engine has no event for an object that will be created, so it is polled. */
const POLL_MS = 200;
/** An object that cannot be removed within this time is held by another process. */
const LIMIT_MS = 20_000;

/**
 * Removes all objects of a run, until none is found and none has appeared for `quietMs`: the engine still completes the
 * requests of a process that has died. Returns the names of the removed objects.
 */
export async function sweepRun(docker: Dockerode, run: RunIdentity, image: string, quietMs: number): Promise<string[]> {
	return withEngineErrors(`sweeping what is left of run ${run.id}`, async () => {
		const early = await sweepUntilQuiet(docker, run, 0);
		const [late, instances] = await Promise.all([
			sweepUntilQuiet(docker, run, quietMs),
			removeInstance(docker, run, image),
		]);
		const lateInstances = late.includes(`container ${recorderName(run)}`)
			? await removeInstance(docker, run, image)
			: [];
		return [...early, ...instances, ...late, ...lateInstances];
	});
}

async function sweepUntilQuiet(docker: Dockerode, run: RunIdentity, quietMs: number): Promise<string[]> {
	const swept: string[] = [];
	const limit = performance.now() + LIMIT_MS;
	for (let quietSince = performance.now(); ; ) {
		const { found, removed } = await sweepOnce(docker, run);
		swept.push(...removed);
		const now = performance.now();
		if (found) quietSince = now;
		else if (now - quietSince >= quietMs) return swept;
		if (now > limit) throw heldBySomebody(run);
		if (removed.length === 0) await wait(POLL_MS);
	}
}

function heldBySomebody({ id }: RunIdentity): HalfopenError {
	return new HalfopenError('ENGINE_REFUSED', {
		problem: `Something of run ${id} could not be removed within ${LIMIT_MS / 1_000} s.`,
		remedy:
			`Look what holds it: docker ps --all --filter label=${RUN_LABEL}=${id}; docker network inspect $(docker ` +
			`network ls --quiet --filter label=${RUN_LABEL}=${id})`,
	});
}

/** The runs that have objects on the engine. */
export async function runsOf(docker: Dockerode): Promise<RunIdentity[]> {
	const { containers, networks } = await listByLabel(docker, [RUN_LABEL]);
	return distinctRuns([...containers, ...networks].flatMap(({ Labels }) => runOf(Labels) ?? []));
}

async function sweepOnce(docker: Dockerode, run: RunIdentity): Promise<{ found: boolean; removed: string[] }> {
	const { containers, networks } = await listByLabel(docker, filterFor(run));
	// A network can be removed once nothing is attached to it.
	const removed = [
		...(await Promise.all(
			containers.map(async ({ Id, Names }) =>
				(await removeContainer(docker, docker.getContainer(Id))) ? [`container ${Names[0]?.slice(1)}`] : [],
			),
		)),
		...(await Promise.all(
			networks.map(async ({ Id, Name }) => ((await removeNetwork(docker.getNetwork(Id))) ? [`network ${Name}`] : [])),
		)),
	];
	return { found: containers.length + networks.length > 0, removed: removed.flat() };
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
	// Other processes may sweep the same run, so this container belongs to a run of its own.
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
