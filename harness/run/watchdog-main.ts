import { setTimeout as wait } from 'node:timers/promises';
import { runnerNamed } from './choose-engine.ts';
import { removeDirectory } from './directory.ts';
import { assertRun } from './handover.ts';
import { DISMISSED } from './watchdog.ts';

/**
 * How long nothing new may appear after a runner has died. Workers notice its death within 0.2 s, and the engine still
 * carries out their requests until then.
 */
const QUIET_MS = 2_500;
/** The number of attempts to sweep. If the engine is gone, the next run sweeps. */
const ATTEMPTS = 5;
const PAUSE_MS = 1_000;

const [engine = '', runAsJson = ''] = process.argv.slice(2);
const run = assertRun(JSON.parse(runAsJson));

let input = '';
process.stdin.on('data', (bytes) => {
	input += bytes;
});
process.stdin.on('end', async () => {
	// After an orderly end all labs have been destroyed, so nothing more will appear.
	const swept = input === DISMISSED ? await sweep(0) : await sweepWithRetries();
	// If the sweep failed, the folder stays, so that the next run sweeps.
	if (swept) await removeDirectory(run);
});
// The reader of the output may have died.
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
		for (const name of swept) process.stdout.write(`${name}\n`);
		return true;
	} catch {
		return false;
	}
}
