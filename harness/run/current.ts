import type { Engine } from '../engines/engine.ts';
import { connectTo } from './choose-engine.ts';
import { endingWithRunner } from './end-with-runner.ts';
import { currentRun, isInRun } from './handover.ts';

/**
 * The engine is connected when this module is loaded: concurrent scenarios start between tests, where Jest does not
 * allow imports.
 */
let engine: Engine | undefined = isInRun() ? await connect() : undefined;

/** Returns the engine of the run, in a worker. */
export async function currentEngine(): Promise<Engine> {
	engine ??= await connect();
	return engine;
}

/** Whether the labs of this file run in virtual time. False outside of a run, where there are no labs. */
export const hasVirtualTime = () => engine?.virtualTime ?? false;

/** The family of the run. IPv4 outside of a run, where there are no labs. */
export const currentFamily = () => engine?.family ?? 'ipv4';

async function connect(): Promise<Engine> {
	const { run, engine: name, facts } = currentRun();
	return endingWithRunner(await connectTo(name, run, facts), run.owner);
}
