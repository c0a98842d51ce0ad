import { tmpdir } from 'node:os';
import type { EngineRunner, RunIdentity } from '../engines/engine.ts';
import { isDead, isElsewhere, isOfEarlierBoot } from '../engines/owner.ts';
import { distinctRuns, isSameRun } from '../engines/run-identity.ts';
import { removeDirectory, runsWithDirectory } from './directory.ts';

/**
 * Sweeps runs whose runner has died and whose watchdog could not sweep: the machine or the engine crashed, or the
 * watchdog was killed, too. Runs of which this machine cannot know that are left alone and listed on stderr.
 */
export async function sweepDeadRuns(engine: EngineRunner, parent = tmpdir()): Promise<void> {
	const [onEngine, onDisk] = await Promise.all([engine.runs(), runsWithDirectory(engine.name, parent)]);
	// A run's folder proves that an earlier boot of this machine started the run, and not one of a copy of this machine.
	const dead = distinctRuns([
		...[...onEngine, ...onDisk].filter(({ owner }) => isDead(owner)),
		...onDisk.filter(({ owner }) => isOfEarlierBoot(owner)),
	]);
	await Promise.all(dead.map((run) => sweep(engine, run, parent)));
	const left = onEngine.filter((run) => isElsewhere(run.owner) && !dead.some((one) => isSameRun(one, run)));
	if (left.length === 0) return;
	process.stderr.write(
		`halfopen: the ${engine.name} engine has objects of runs that this machine cannot check. They are left ` +
			`alone: ${left.map(({ id }) => id).join(', ')}\n`,
	);
}

async function sweep(engine: EngineRunner, run: RunIdentity, parent: string): Promise<void> {
	try {
		await engine.sweep(run);
		await removeDirectory(run, parent);
	} catch (error) {
		// An error that prevents this run is reported when the run starts.
		process.stderr.write(`halfopen: an earlier run could not be swept. ${(error as Error).message}\n`);
	}
}
