import type { Readable } from 'node:stream';
import Dockerode from 'dockerode';
import type { Engine, EngineLab, Run } from '../engine.ts';
import { outputOf } from './attached.ts';
import { createDockerLab } from './lab.ts';
import { recorderOf } from './recorder.ts';
import type { DockerFacts } from './runner.ts';

/** The engine as a worker sees it, made from what the runner found out. */
export function connectDocker(run: Run, facts: DockerFacts): Engine {
	process.env.DOCKER_HOST = facts.dockerHost;
	const docker = new Dockerode();
	return {
		name: 'docker',
		tools: { docker: facts.version },
		sysctls: new Set(facts.sysctls.split(' ')),
		createLab: (): Promise<EngineLab> => createDockerLab({ docker, run, image: facts.image, firstBlock: Number(facts.firstBlock) }),
		async kernelTrace(): Promise<Readable | { readonly unavailable: string }> {
			if (facts.kernelTrace !== 'yes') return { unavailable: facts.kernelTrace };
			return outputOf(docker, docker.getContainer(recorderOf(run)));
		},
	};
}
