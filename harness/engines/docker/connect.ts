import Dockerode from 'dockerode';
import type { Engine, KernelTrace, Run } from '../engine.ts';
import { outputOf } from './attached.ts';
import { createDockerLab } from './docker-lab.ts';
import { fromNextLine } from './from-next-line.ts';
import { recorderName } from './recorder.ts';
import type { DockerFacts } from './runner.ts';

/** Connects a worker to the engine, with the facts that the runner collected. */
export function connectDocker(run: Run, facts: DockerFacts): Engine {
	process.env.DOCKER_HOST = facts.dockerHost;
	const docker = new Dockerode();
	const kernelTrace = async (): Promise<KernelTrace> => {
		if (facts.kernelTrace !== 'yes') return { unavailable: facts.kernelTrace };
		return fromNextLine(await outputOf(docker, docker.getContainer(recorderName(run))));
	};
	return {
		name: 'docker',
		tools: { docker: facts.version },
		sysctls: new Set(facts.sysctls.split(' ')),
		family: run.family,
		virtualTime: false,
		programRemedy: 'Add its package to images/host/Dockerfile, and run `npm run setup`.',
		createLab: () =>
			createDockerLab({
				docker,
				run,
				image: facts.image,
				sysctlFolders: facts.sysctlFolders.split(' '),
				firstBlock: Number(facts.firstBlock),
				kernelTrace,
			}),
	};
}
