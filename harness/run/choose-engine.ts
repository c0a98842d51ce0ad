import type { Engine, EngineRunner, Run } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import { nearestNames } from '../util/nearest.ts';

/** The environment variable that selects the engine. */
export const ENGINE_VARIABLE = 'HALFOPEN_ENGINE';

type Facts = Readonly<Record<string, string>>;

/**
 * The two modules of an engine: for the runner and for the workers. They are imported on demand, because a worker needs
 * only one of them.
 */
interface EngineModules {
	runner(): Promise<EngineRunner>;
	connect(run: Run, facts: Facts): Promise<Engine>;
}

const ENGINES: Readonly<Record<string, EngineModules>> = {
	docker: {
		runner: async () => (await import('../engines/docker/runner.ts')).dockerRunner,
		connect: async (run, facts) => (await import('../engines/docker/connect.ts')).connectDocker(run, facts as never),
	},
	netns: {
		runner: async () => (await import('../engines/netns/runner.ts')).netnsRunner,
		connect: async (run, facts) => (await import('../engines/netns/connect.ts')).connectNetns(run, facts as never),
	},
	vm: {
		runner: async () => (await import('../engines/vm/runner.ts')).vmRunner,
		connect: async (run, facts) => (await import('../engines/vm/connect.ts')).connectVm(run, facts as never),
	},
};

/** Returns the engine of this name, for the runner. */
export function runnerNamed(name: string): Promise<EngineRunner> {
	return modulesOf(name).runner();
}

/** Connects a worker to the engine of this name. */
export function connectTo(name: string, run: Run, facts: Facts): Promise<Engine> {
	return modulesOf(name).connect(run, facts);
}

function modulesOf(name: string): EngineModules {
	const modules = ENGINES[name];
	if (modules) return modules;
	throw new HalfopenError('ENGINE_UNKNOWN', {
		problem: `There is no engine called “${name}”.`,
		seen: `nearest: ${nearestNames(name, Object.keys(ENGINES)).join(', ')}`,
		remedy: `Set ${ENGINE_VARIABLE} to ${Object.keys(ENGINES).join(' or ')}, or unset it.`,
	});
}

/**
 * Returns the engine that the user has chosen. Without a choice it is Docker or, if that cannot be reached, network
 * namespaces, with a message on stderr.
 */
export async function chooseEngine(wanted = process.env[ENGINE_VARIABLE]): Promise<EngineRunner> {
	if (wanted) return runnerNamed(wanted);
	const docker = await runnerNamed('docker');
	try {
		await docker.runs();
		return docker;
	} catch (error) {
		// An engine whose address the user gave is not replaced by another one.
		if (!(error instanceof HalfopenError) || error.code !== 'ENGINE_UNREACHABLE' || process.env.DOCKER_HOST)
			throw error;
		process.stderr.write(
			`halfopen: no Docker engine can be reached, so hosts are network namespaces (${ENGINE_VARIABLE}=netns)\n`,
		);
		return runnerNamed('netns');
	}
}
