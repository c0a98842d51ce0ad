import { tmpdir } from 'node:os';
import type { EngineRunner, RunIdentity } from '../engines/engine.ts';
import { isDead, isElsewhere, isOfEarlierBoot } from '../engines/owner.ts';
import { distinctRuns, isSameRun } from '../engines/run-identity.ts';
import { removeDirectory, runsWithDirectory } from './directory.ts';

/**
 * Sweeps runs whose runner has died and whose watchdog could not sweep: the machine or the engine crashed, or the
 * watchdog was killed, too. Runs that this machine cannot check are left alone and listed on stderr.
 */
export async function sweepDeadRuns(engine: EngineRunner, parent = tmpdir()): Promise<void> {
	const [onEngine, onDisk] = await Promise.all([engine.runs(), runsWithDirectory(engine.name, parent)]);
	// A run's folder on this disk proves that this machine started the run in an earlier boot, and not a copy of it.
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
