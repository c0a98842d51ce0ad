import type { Engine, EngineLab } from '../engines/engine.ts';

const LOOK_MS = 200;

/**
 * A worker whose runner was killed must not go on making labs: the watchdog is sweeping. Jest's own channel between the two does not
 * end it, so while it has labs it looks whether the runner is still its parent.
 */
export function leashed(engine: Engine, runner: number): Engine {
	if (process.pid === runner) return engine;
	return {
		...engine,
		async createLab(): Promise<EngineLab> {
			endWithout(runner);
			const looking = setInterval(() => endWithout(runner), LOOK_MS).unref();
			try {
				const lab = await engine.createLab();
				return { ...lab, destroy: () => lab.destroy().finally(() => clearInterval(looking)) };
			} catch (error) {
				clearInterval(looking);
				throw error;
			}
		},
	};
}

function endWithout(runner: number): void {
	if (process.ppid !== runner) process.kill(process.pid, 'SIGKILL');
}
