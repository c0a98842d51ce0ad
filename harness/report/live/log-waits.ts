import { OverdueWaits } from './overdue-waits.ts';
import type { RunningScenarios } from './running-scenarios.ts';
import { waitLine } from './wait-lines.ts';

const LOOK_MS = 1_000;

/** Tells a log, in plain lines of any length, what is waited for long, until the returned function is called. */
export function logWaits(running: RunningScenarios, say: (line: string) => void): () => void {
	const overdue = new OverdueWaits();
	const looking = setInterval(() => {
		for (const wait of overdue.due(running.longest())) say(waitLine(wait, Number.POSITIVE_INFINITY));
	}, LOOK_MS).unref();
	return () => clearInterval(looking);
}
