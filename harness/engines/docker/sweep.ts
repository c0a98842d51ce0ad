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

/** The engine tells of no network that is to come, so it is asked again and again. */
const POLL_MS = 200;
/** What cannot be removed for so long is held by somebody else. */
const LIMIT_MS = 20_000;

/**
 * Removes all that a run has, until there is nothing, and nothing has come for so long: what was asked of the engine by
 * somebody who is no more is made all the same. Returns what it removed, by name.
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

/** The runs of which the engine has anything. */
export async function runsOf(docker: Dockerode): Promise<RunIdentity[]> {
	const { containers, networks } = await listByLabel(docker, [RUN_LABEL]);
	return distinctRuns([...containers, ...networks].flatMap(({ Labels }) => runOf(Labels) ?? []));
}

async function sweepOnce(docker: Dockerode, run: RunIdentity): Promise<{ found: boolean; removed: string[] }> {
	const { containers, networks } = await listByLabel(docker, filterFor(run));
	// Networks go when nothing is attached to them any more.
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

/** The recorder takes its trace instance with it, unless it was killed. */
async function removeInstance(docker: Dockerode, run: RunIdentity, image: string): Promise<string[]> {
	// Others may sweep the same run: this is nothing of the run's, but the sweeper's own.
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
