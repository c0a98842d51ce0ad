import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { dockerRunner } from '../engines/docker/runner.ts';
import type { Run } from '../engines/engine.ts';
import { DISMISSED } from './watchdog.ts';

/** Workers notice within a fifth of a second that their runner is gone; what they had asked of the engine by then still arrives. */
const QUIET_MS = 1_500;

const run = JSON.parse(process.argv[2] ?? '') as Run;

let said = '';
process.stdin.on('data', (bytes) => {
	said += bytes;
});
process.stdin.on('end', async () => {
	await sweep();
	// After an orderly end there is nothing to wait for: the labs were destroyed before.
	if (said !== DISMISSED) await sweepUntilQuiet();
	await rm(run.directory, { recursive: true, force: true });
});
// Who would have read what was swept may be dead.
process.stdout.on('error', () => {});

async function sweepUntilQuiet(): Promise<void> {
	let quietSince = Date.now();
	while (Date.now() - quietSince < QUIET_MS) {
		await wait(200);
		if (await sweep()) quietSince = Date.now();
	}
}

/** True if anything was there to be removed. */
async function sweep(): Promise<boolean> {
	try {
		const swept = await dockerRunner.sweep(run);
		for (const thing of swept) process.stdout.write(`${thing}\n`);
		return swept.length > 0;
	} catch {
		// No engine, no leftovers that could be removed now; the next run's start sweeps the runs of dead owners.
		return false;
	}
}
