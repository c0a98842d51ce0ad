import { setTimeout as wait } from 'node:timers/promises';
import { removeDirectory } from './directory.ts';
import { runnerNamed } from './engines.ts';
import { assertRun } from './handover.ts';
import { DISMISSED } from './watchdog.ts';

/**
 * Workers notice within a fifth of a second that their runner is gone; what they had asked of the engine by then still
 * arrives.
 */
const QUIET_MS = 2_500;
/** An engine that hiccups is given so long; one that is gone leaves it to the next run. */
const ATTEMPTS = 5;
const PAUSE_MS = 1_000;

const [engine = '', runAsJson = ''] = process.argv.slice(2);
const run = assertRun(JSON.parse(runAsJson));

let input = '';
process.stdin.on('data', (bytes) => {
	input += bytes;
});
process.stdin.on('end', async () => {
	// After an orderly end there is nothing to wait for: the labs were destroyed before.
	const swept = input === DISMISSED ? await sweep(0) : await sweepWithRetries();
	// What could not be swept is left, folder and all, to the next run's start.
	if (swept) await removeDirectory(run);
});
// Who would have read what was swept may be dead.
process.stdout.on('error', () => {});

async function sweepWithRetries(): Promise<boolean> {
	for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
		if (await sweep(QUIET_MS)) return true;
		await wait(PAUSE_MS);
	}
	return false;
}

async function sweep(quietMs: number): Promise<boolean> {
	try {
		const swept = await (await runnerNamed(engine)).sweep(run, { quietMs });
		for (const thing of swept) process.stdout.write(`${thing}\n`);
		return true;
	} catch {
		return false;
	}
}
