import { mkdtemp } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerRunner } from '../engines/docker/runner.ts';
import type { OpenRun, Run } from '../engines/engine.ts';
import { handOver } from './current.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

/** What teardown ends; Jest gives it no other way to know. */
export interface OpenedRun {
	readonly open: OpenRun;
	readonly watchdog: Watchdog;
}

declare global {
	var halfopenRun: OpenedRun | undefined;
}

/** Jest's globalSetup: opens the run, once, before any worker starts. The watchdog stands before anything is made. */
export default async function setup(): Promise<void> {
	const run: Run = {
		id: `${Date.now().toString(36)}${process.pid.toString(36)}`,
		owner: `${hostname()}:${process.pid}`,
		directory: await mkdtemp(join(tmpdir(), 'halfopen-')),
	};
	const watchdog = startWatchdog(run);
	try {
		const open = await dockerRunner.open(run);
		handOver({ run, engine: dockerRunner.name, facts: open.facts });
		globalThis.halfopenRun = { open, watchdog };
	} catch (error) {
		await watchdog.dismiss();
		throw error;
	}
}
