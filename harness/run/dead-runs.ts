import { tmpdir } from 'node:os';
import type { EngineRunner, RunIdentity } from '../engines/engine.ts';
import { isDead, isElsewhere, isOfEarlierBoot } from '../engines/owner.ts';
import { distinctRuns, isSameRun } from '../engines/run-identity.ts';
import { removeDirectory, runsWithDirectory } from './directory.ts';

/**
 * Sweeps the runs whose runner is no more, and whose watchdog could not: the machine or the engine went down, or it was
 * killed, too. A run of which this machine cannot know that is left alone, which is said.
 */
export async function sweepDeadRuns(engine: EngineRunner, parent = tmpdir()): Promise<void> {
	const [onEngine, onDisk] = await Promise.all([engine.runs(), runsWithDirectory(engine.name, parent)]);
	// That an earlier boot of this machine made a run, and not a copy of it, its folder proves.
	const dead = distinctRuns([
		...[...onEngine, ...onDisk].filter(({ owner }) => isDead(owner)),
		...onDisk.filter(({ owner }) => isOfEarlierBoot(owner)),
	]);
	await Promise.all(dead.map((run) => sweep(engine, run, parent)));
	const left = onEngine.filter((run) => isElsewhere(run.owner) && !dead.some((one) => isSameRun(one, run)));
	if (left.length === 0) return;
	process.stderr.write(
		`halfopen: the ${engine.name} engine has something of runs that this machine cannot judge, which is left ` +
			`alone: ${left.map(({ id }) => id).join(', ')}\n`,
	);
}

async function sweep(engine: EngineRunner, run: RunIdentity, parent: string): Promise<void> {
	try {
		await engine.sweep(run);
		await removeDirectory(run, parent);
	} catch (error) {
		// What keeps this run from starting, its own start will tell.
		process.stderr.write(`halfopen: an earlier run left something behind. ${(error as Error).message}\n`);
	}
}
