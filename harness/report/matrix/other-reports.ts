import { HalfopenError } from '../../errors.ts';
import { fromProjectRoot } from '../artifacts.ts';
import { type Collected, collect } from '../collect.ts';
import type { MatrixInput } from './model.ts';

/** The results in a folder of reports, and the files that cannot be read. */
type FolderContent = Pick<Collected<void>, 'results' | 'skipped'>;

/**
 * Reads the reports of other checkouts or machines. A folder without reports is a trouble, because the run that should
 * have written them did not get so far. A file that cannot be read is a trouble, too.
 */
export async function readOtherReports(folders: readonly string[]): Promise<Omit<MatrixInput, 'specs'>> {
	const read = await Promise.all(folders.map(readFolder));
	const empty = folders.filter((_, index) => read[index] === undefined);
	const found = read.filter((each) => each !== undefined);
	return {
		results: found.map(({ results }) => results),
		troubles: [
			...empty.map((folder) => ({ what: `${folder} has no timelines: its run is missing` })),
			...found.flatMap(({ skipped }) => skipped.map(({ problem }) => ({ what: problem }))),
		],
	};
}

/** Reads a folder of reports. Undefined if it is missing or empty. */
async function readFolder(folder: string): Promise<FolderContent | undefined> {
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
