import type { HalfopenError } from '../errors.ts';
import { type Archive, isOfMirror, type OnProgress, readIndex, updateIndex } from './apt.ts';
import { kernelsAmong } from './archive-kernels.ts';
import { parsePackages } from './packages.ts';
import { keepSuite, keptSuite, SUITES } from './suites.ts';

/** What was kept of the archive is good for a day. */
const GOOD_FOR_MS = 86_400_000;

/** The suites that were not asked for in the last day, or never. */
export async function staleSuites(now: Date): Promise<string[]> {
	const kept = await Promise.all(SUITES.map(keptSuite));
	return SUITES.filter((_, index) => now.getTime() - Date.parse(kept[index]?.askedAt ?? '1970-01-01') > GOOD_FOR_MS);
}

/**
 * Asks what kernels these suites have, and keeps that. What could not be asked for is told in the errors that are
 * returned: DOWNLOAD_FAILED, INDEX_EXPIRED.
 */
export async function askArchive(
	suites: readonly string[],
	archive: Archive,
	now: Date,
	onProgress: OnProgress,
): Promise<HalfopenError[]> {
	const percents = new Map(suites.map((suite) => [suite, 0]));
	const asked = await Promise.allSettled(
		suites.map((suite) =>
			askSuite(suite, archive, now, (percent) => {
				percents.set(suite, percent);
				onProgress([...percents.values()].reduce((sum, each) => sum + each) / suites.length);
			}),
		),
	);
	return asked.flatMap((answer) => {
		if (answer.status === 'fulfilled') return [];
		if (isOfMirror(answer.reason)) return [answer.reason];
		throw answer.reason;
	});
}

async function askSuite(suite: string, archive: Archive, now: Date, onProgress: OnProgress): Promise<void> {
	await updateIndex(suite, archive, onProgress);
	const kernels = kernelsAmong(parsePackages(await readIndex(suite), 'linux-'), suite);
	await keepSuite(suite, { askedAt: now.toISOString(), kernels });
}
