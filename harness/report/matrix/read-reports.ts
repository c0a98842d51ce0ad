import { join, relative } from 'node:path';
import { HalfopenError } from '../../errors.ts';
import { fromProjectRoot, PROJECT_ROOT } from '../artifacts.ts';
import { RESULTS, type Results, readResults } from '../results.ts';
import { listSpecs } from '../spec-list.ts';
import type { Trouble } from './columns.ts';
import type { Gathered } from './model.ts';

/**
 * Reads folders of reports: first this checkout's own, which may have nothing, then others, whose lack is a trouble: a machine that was to run the specs
 * did not get that far. A file that is there and is no table is BAD_ARGUMENT.
 */
export async function gatherReports(others: readonly string[], troubles: readonly Trouble[] = [], project: string = PROJECT_ROOT): Promise<Gathered> {
	const mine = await readFolder(join(project, 'reports'), fromProjectRoot);
	const theirs = await Promise.all(others.map((folder) => readFolder(folder, (path) => path)));
	const lacking = others.filter((_, place) => theirs[place] === undefined);
	return {
		specs: await specFiles(project),
		results: [mine, ...theirs].filter((results) => results !== undefined),
		troubles: [...troubles, ...lacking.map((folder) => ({ what: `${folder} has no ${RESULTS.verdicts}: its run is missing` }))],
	};
}

/** All spec files of the project, from its root. */
export async function specFiles(project: string = PROJECT_ROOT): Promise<string[]> {
	return (await listSpecs(join(project, 'specs'))).map(({ path }) => relative(project, path));
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
