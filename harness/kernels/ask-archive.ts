import { HalfopenError } from '../errors.ts';
import { askSuite } from './ask-suite.ts';
import type { OnBytes } from './download.ts';
import { keptSuite, SUITES } from './suites.ts';

/** What was kept of the archive is good for a day. */
const GOOD_FOR_MS = 86_400_000;

/** The suites that were not asked for in the last day, or never. */
export async function staleSuites(now: Date): Promise<string[]> {
	const kept = await Promise.all(SUITES.map(keptSuite));
	return SUITES.filter((_, index) => now.getTime() - Date.parse(kept[index]?.askedAt ?? '1970-01-01') > GOOD_FOR_MS);
}

/** Asks what kernels these suites have, and keeps that. What could not be asked for is told in the errors that are returned: DOWNLOAD_FAILED. */
export async function askArchive(suites: readonly string[], mirrors: readonly string[], now: Date, onBytes: OnBytes): Promise<HalfopenError[]> {
	const bytes = new Map<string, number>();
	const asked = await Promise.allSettled(
		suites.map((suite) =>
			askSuite(suite, mirrors, now, (some) => {
				bytes.set(suite, some);
				onBytes([...bytes.values()].reduce((sum, each) => sum + each));
			}),
		),
	);
	return asked.flatMap((answer) => {
		if (answer.status === 'fulfilled') return [];
		if (answer.reason instanceof HalfopenError && answer.reason.code === 'DOWNLOAD_FAILED') return [answer.reason];
		throw answer.reason;
	});
}
