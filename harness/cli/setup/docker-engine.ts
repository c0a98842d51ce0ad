import { access, constants } from 'node:fs/promises';
import type Dockerode from 'dockerode';
import { getContainerRuntimeClient } from 'testcontainers';
import { HalfopenError } from '../../errors.ts';
import { findProgram } from './commands.ts';
import { installPackages } from './packages.ts';
import { startEngine } from './start-engine.ts';
import { say } from './steps.ts';

const defaultSocket = '/var/run/docker.sock';

export interface ReachedEngine {
	readonly docker: Dockerode;
	/** Name and version, for messages. */
	readonly title: string;
}

/**
 * Returns the Docker engine that testcontainers finds (DOCKER_HOST, the usual sockets, rootless), or undefined if it
 * does not answer.
 */
export async function reachEngine(): Promise<ReachedEngine | undefined> {
	try {
		const { container, info } = await getContainerRuntimeClient();
		return {
			docker: container.dockerode,
			title: `Docker engine ${info.containerRuntime.serverVersion} (${info.containerRuntime.operatingSystem})`,
		};
	} catch {
		return undefined;
	}
}

/** Finds an engine, or installs and starts one. Resolves when it answers. */
export async function ensureEngine(): Promise<ReachedEngine> {
	const found = await reachEngine();
	if (found !== undefined) {
		say(`* ${found.title} answers: using it`);
		return found;
	}
	await assertStartable();
	const dockerd = (await findProgram('dockerd')) ?? (await installEngine());
	await startEngine(dockerd, answersThisUser);
	const started = await reachEngine();
	if (started === undefined) throw await unreachable('The Docker engine was started, but it does not answer any more.');
	say(`* ${started.title} answers`);
	return started;
}

async function assertStartable(): Promise<void> {
	if (process.env.DOCKER_HOST)
		throw await unreachable(`No Docker engine answers at DOCKER_HOST=${process.env.DOCKER_HOST}.`);
	if (process.platform !== 'linux') throw await unreachable('No Docker engine answers.');
	if (await isForbidden(defaultSocket))
		throw await unreachable(`This user may not use the Docker engine at ${defaultSocket}.`);
}

/** Without this check, setup would wait for an engine that runs but refuses this user. */
async function answersThisUser(): Promise<boolean> {
	if ((await reachEngine()) !== undefined) return true;
	if (await isForbidden(defaultSocket))
		throw await unreachable(`The Docker engine runs, but this user may not use it at ${defaultSocket}.`);
	return false;
}

async function installEngine(): Promise<string> {
	await installPackages(['docker.io', 'iptables', 'ca-certificates'], 'No Docker engine is installed');
	const dockerd = await findProgram('dockerd');
	if (dockerd !== undefined) return dockerd;
	throw new HalfopenError('SETUP_FAILED', {
		problem: 'The package docker.io is installed, but dockerd is not in the PATH.',
		remedy: 'Add the folder of dockerd to the PATH: `dpkg -L docker.io` lists the files of the package.',
	});
}

async function unreachable(problem: string): Promise<HalfopenError> {
	const remedy = (await isForbidden(defaultSocket))
		? 'Add the user to the group of the socket (`sudo usermod -aG docker $USER`) and log in again, or run `npm run ' +
			'setup` as root.'
		: 'Start Docker (to install it: https://docs.docker.com/engine/install/), or set DOCKER_HOST to an engine that ' +
			'answers. Then run `npm run setup` again.';
	return new HalfopenError('ENGINE_UNREACHABLE', { problem, remedy });
}

async function isForbidden(path: string): Promise<boolean> {
	return access(path, constants.R_OK | constants.W_OK).then(
		() => false,
		(error: NodeJS.ErrnoException) => error.code === 'EACCES',
	);
}
