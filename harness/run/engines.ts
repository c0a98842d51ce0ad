import type { Engine, EngineRunner, Run } from '../engines/engine.ts';
import { HalfopenError } from '../errors.ts';
import { nearestNames } from '../util/nearest.ts';

/** How the user says which engine: its name, or nothing. */
export const ENGINE_VARIABLE = 'HALFOPEN_ENGINE';

type Facts = Readonly<Record<string, string>>;

/**
 * The two faces of an engine: in the runner, and in the workers. Loaded when they are wanted: a worker needs one, and
 * no runner.
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

/** The engine of this name, as a runner sees it. */
export function runnerNamed(name: string): Promise<EngineRunner> {
	return modulesOf(name).runner();
}

/** The engine of this name, as a worker sees it. */
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
 * The engine that was asked for; without a wish Docker, or, where that cannot be reached, namespaces, which is said.
 */
export async function chooseEngine(wanted = process.env[ENGINE_VARIABLE]): Promise<EngineRunner> {
	if (wanted) return runnerNamed(wanted);
	const docker = await runnerNamed('docker');
	try {
		await docker.runs();
		return docker;
	} catch (error) {
		// An engine that was asked for by its address is not replaced by another.
		if (!(error instanceof HalfopenError) || error.code !== 'ENGINE_UNREACHABLE' || process.env.DOCKER_HOST)
			throw error;
		process.stderr.write(
			`halfopen: no Docker engine can be reached, so hosts are network namespaces (${ENGINE_VARIABLE}=netns)\n`,
		);
		return runnerNamed('netns');
	}
}
