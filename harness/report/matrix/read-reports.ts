import { HalfopenError } from '../../errors.ts';
import { fromProjectRoot } from '../artifacts.ts';
import { REPORTS, RESULTS, type Results, readResults } from '../results.ts';
import type { Trouble } from './columns.ts';

/** What folders of reports have, and those that have nothing. */
export interface Gathered {
	readonly results: readonly Results[];
	readonly troubles: readonly Trouble[];
}

/**
 * Reads folders of reports: first this checkout's own, which may have nothing, then others, whose lack is a trouble: a machine that was to run the specs
 * did not get that far. A file that is there and is no table is BAD_ARGUMENT.
 */
export async function gatherReports(others: readonly string[], own: string = REPORTS): Promise<Gathered> {
	const mine = await readFolder(own, fromProjectRoot);
	const theirs = await Promise.all(others.map((folder) => readFolder(folder, (path) => path)));
	return {
		results: [mine, ...theirs].filter((results) => results !== undefined),
		troubles: others.flatMap((folder, place) =>
			theirs[place] === undefined ? [{ what: `${folder} has no ${RESULTS.verdicts}: its run is missing` }] : [],
		),
	};
}

async function readFolder(folder: string, nameOf: (path: string) => string): Promise<Results | undefined> {
	try {
		return await readResults(folder, nameOf);
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw new HalfopenError('BAD_ARGUMENT', {
			problem: `${nameOf(folder)} is not a folder of reports; the last matrix was left as it is`,
			seen: cause instanceof HalfopenError ? `${cause.problem}\n${cause.seen}` : String(cause),
			remedy: 'name folders as `npm test` leaves them (reports/); if this is the one of this checkout, remove the file and run `npm test` again',
			cause,
		});
	}
}
