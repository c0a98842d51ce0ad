import type { OpenRun, Run } from '../engines/engine.ts';
import { thisProcess } from '../engines/owner.ts';
import { offerLiveSocket } from '../report/live/live-socket.ts';
import { createResultsFolder } from '../report/scenario-results.ts';
import { chooseEngine } from './choose-engine.ts';
import { chooseFamily } from './choose-family.ts';
import { sweepDeadRuns } from './dead-runs.ts';
import { directoryOf, makeDirectory } from './directory.ts';
import { handOver } from './handover.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

/** The state that teardown needs. Jest does not pass it on. */
export interface OpenedRun {
	readonly run: Run;
	readonly open: OpenRun;
	readonly watchdog: Watchdog;
}

declare global {
	var halfopenRun: OpenedRun | undefined;
}

/**
 * Jest's globalSetup: opens the run once, before any worker starts. The watchdog is started before anything is created.
 */
export default async function setup(): Promise<void> {
	const id = `${Date.now().toString(36)}${process.pid.toString(36)}`;
	const run: Run = { id, owner: thisProcess(), directory: directoryOf(id), family: chooseFamily() };
	const engine = await chooseEngine();
	const watchdog = startWatchdog(run, engine.name);
	try {
		await sweepDeadRuns(engine);
		await makeDirectory(run, engine.name);
		const open = await engine.open(run);
		await createResultsFolder(run.directory);
		offerLiveSocket(run.directory);
		handOver({ run, engine: engine.name, facts: open.facts });
		globalThis.halfopenRun = { run, open, watchdog };
	} catch (error) {
		await watchdog.dismiss();
		throw error;
	}
}
