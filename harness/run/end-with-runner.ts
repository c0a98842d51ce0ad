import type { Engine, EngineLab } from '../engines/engine.ts';
import { isDead } from '../engines/owner.ts';

const POLL_MS = 200;

/**
 * Makes a worker exit when its runner has died, so that it creates no labs while the watchdog sweeps. The end of Jest's
 * channel between the two does not end the worker, and the `process` object of tests is a copy whose `ppid` never
 * changes. So the worker checks the runner while it has labs.
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
