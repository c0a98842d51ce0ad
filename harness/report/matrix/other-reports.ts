import { HalfopenError } from '../../errors.ts';
import { fromProjectRoot } from '../artifacts.ts';
import { type Collected, collect } from '../collect.ts';
import type { MatrixInput } from './model.ts';

/** What a folder of reports holds: what was found, and files that cannot be read. */
type Found = Pick<Collected<void>, 'results' | 'skipped'>;

/**
 * Reads the reports of other checkouts or machines. A folder without any is a trouble: a machine that was to run the
 * specs did not get that far. So is a file that cannot be read.
 */
export async function readOtherReports(folders: readonly string[]): Promise<Omit<MatrixInput, 'specs'>> {
	const read = await Promise.all(folders.map(readFolder));
	const empty = folders.filter((_, place) => read[place] === undefined);
	const found = read.filter((each) => each !== undefined);
	return {
		results: found.map(({ results }) => results),
		troubles: [
			...empty.map((folder) => ({ what: `${folder} has no timelines: its run is missing` })),
			...found.flatMap(({ skipped }) => skipped.map(({ problem }) => ({ what: problem }))),
		],
	};
}

/** Undefined if no run has left anything. */
async function readFolder(folder: string): Promise<Found | undefined> {
	try {
		const found = await collect(folder, async () => {});
		const { verdicts, measures, runs } = found.results;
		return [verdicts, measures, runs, found.skipped].some((each) => each.length > 0) ? found : undefined;
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw new HalfopenError('REPORT_UNREADABLE', {
			problem: `${fromProjectRoot(folder)} is not a folder of reports, so no matrix was written.`,
			seen: String(cause),
			remedy: 'Give folders that `npm test` has written (reports/).',
			cause,
		});
	}
}
