import type { EngineRunner } from '../engines/engine.ts';
import { isDead } from '../engines/owner.ts';
import { removeDirectory, runsWithDirectory } from './directory.ts';

/** Sweeps the runs whose runner is no more, and whose watchdog could not: the machine or the engine went down, or it was killed, too. */
export async function sweepDeadRuns(engine: EngineRunner): Promise<void> {
	const runs = [...(await engine.runs()), ...(await runsWithDirectory(engine.name))];
	const dead = new Map(runs.filter(({ owner }) => isDead(owner)).map((run) => [run.id, run]));
	await Promise.all(
		[...dead.values()].map(async (run) => {
			try {
				await engine.sweep(run);
				await removeDirectory(run);
			} catch (error) {
				// What keeps this run from starting, its own start will tell.
				process.stderr.write(`halfopen: an earlier run left something behind. ${(error as Error).message}\n`);
			}
		}),
	);
}
