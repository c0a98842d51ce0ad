import type { HalfopenError } from '../errors.ts';
import { type Archive, isOfMirror, type OnProgress, readIndex, updateIndex } from './apt.ts';
import { kernelsAmong } from './archive-kernels.ts';
import { parsePackages } from './packages.ts';
import { cachedSuite, cacheSuite, SUITES } from './suites.ts';

/** The cached lists of kernels are valid for a day. */
const MAX_AGE_MS = 86_400_000;

/** Returns the suites whose cached list is missing or older than a day. */
export async function staleSuites(now: Date): Promise<string[]> {
	const cached = await Promise.all(SUITES.map(cachedSuite));
	return SUITES.filter((_, index) => now.getTime() - Date.parse(cached[index]?.askedAt ?? '1970-01-01') > MAX_AGE_MS);
}

/**
 * Fetches the lists of kernels in these suites and caches them. Returns the errors of suites that could not be fetched:
 * DOWNLOAD_FAILED or INDEX_EXPIRED.
 */
export async function refreshSuites(
	suites: readonly string[],
	archive: Archive,
	now: Date,
	onProgress: OnProgress,
): Promise<HalfopenError[]> {
	const percents = new Map(suites.map((suite) => [suite, 0]));
	const refreshed = await Promise.allSettled(
		suites.map((suite) =>
			refreshSuite(suite, archive, now, (percent) => {
				percents.set(suite, percent);
				onProgress([...percents.values()].reduce((sum, each) => sum + each) / suites.length);
			}),
		),
	);
	return refreshed.flatMap((outcome) => {
		if (outcome.status === 'fulfilled') return [];
		if (isOfMirror(outcome.reason)) return [outcome.reason];
		throw outcome.reason;
	});
}

async function refreshSuite(suite: string, archive: Archive, now: Date, onProgress: OnProgress): Promise<void> {
	await updateIndex(suite, archive, onProgress);
	const kernels = kernelsAmong(parsePackages(await readIndex(suite), 'linux-'), suite);
	await cacheSuite(suite, { askedAt: now.toISOString(), kernels });
}
