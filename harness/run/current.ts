import type { Engine } from '../engines/engine.ts';
import { endingWithRunner } from './end-with-runner.ts';
import { connectTo } from './engines.ts';
import { currentRun, isInRun } from './handover.ts';

/**
 * With the file that wants it: Jest lets nobody import between tests, and that is where scenarios that run side by side
 * begin.
 */
let engine: Engine | undefined = isInRun() ? await connect() : undefined;

/** In a worker: the engine of the run it belongs to. */
export async function currentEngine(): Promise<Engine> {
	engine ??= await connect();
	return engine;
}

/** Whether the labs of this file have a time of their own; false outside of a run, where there are none. */
export const hasVirtualTime = () => engine?.virtualTime ?? false;

async function connect(): Promise<Engine> {
	const { run, engine: name, facts } = currentRun();
	return endingWithRunner(await connectTo(name, run, facts), run.owner);
}
