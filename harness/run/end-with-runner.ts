import type { Engine, EngineLab } from '../engines/engine.ts';
import { isDead } from '../engines/owner.ts';

const POLL_MS = 200;

/**
 * A worker whose runner was killed must not go on making labs: the watchdog is sweeping. Jest's own channel between the
 * two does not end it, and the `process` that Jest shows to tests is a copy whose `ppid` never changes; so while it has
 * labs, it looks after the runner.
 */
export function endingWithRunner(engine: Engine, runner: string): Engine {
	return {
		...engine,
		async createLab(): Promise<EngineLab> {
			killIfRunnerDied(runner);
			const polling = setInterval(() => killIfRunnerDied(runner), POLL_MS).unref();
			try {
				const lab = await engine.createLab();
				return { ...lab, destroy: () => lab.destroy().finally(() => clearInterval(polling)) };
			} catch (error) {
				clearInterval(polling);
				throw error;
			}
		},
	};
}

function killIfRunnerDied(runner: string): void {
	if (isDead(runner)) process.kill(process.pid, 'SIGKILL');
}
