import { join, relative } from 'node:path';
import { HalfopenError } from '../../errors.ts';
import { PROJECT_ROOT } from '../../util/project-root.ts';
import { fromProjectRoot } from '../artifacts.ts';
import { type Collected, collect } from '../collect.ts';
import { listSpecs } from '../spec-list.ts';
import type { Trouble } from './columns.ts';
import type { MatrixInput } from './model.ts';

/** Of a folder of reports: what was found, and files that cannot be read. */
type Found = Pick<Collected<void>, 'results' | 'skipped'>;

/**
 * Reads folders of reports: first this checkout's own, which may have nothing, then others, whose lack is a trouble: a
 * machine that was to run the specs did not get that far. So is a file that cannot be read.
 */
export async function readReports(
	others: readonly string[],
	troubles: readonly Trouble[] = [],
	project: string = PROJECT_ROOT,
): Promise<MatrixInput> {
	const mine = await readFolder(join(project, 'reports'));
	const theirs = await Promise.all(others.map(readFolder));
	const lacking = others.filter((_, place) => theirs[place] === undefined);
	const found = [mine, ...theirs].filter((each) => each !== undefined);
	return {
		specs: await specFiles(project),
		results: found.map(({ results }) => results),
		troubles: [
			...troubles,
			...lacking.map((folder) => ({ what: `${folder} has no timelines: its run is missing` })),
			...found.flatMap(({ skipped }) => skipped.map(({ problem }) => ({ what: problem }))),
		],
	};
}

/** All spec files of the project, from its root. */
export async function specFiles(project: string = PROJECT_ROOT): Promise<string[]> {
	return (await listSpecs(join(project, 'specs'))).map(({ path }) => relative(project, path));
}

/** Undefined where no run has left anything. */
async function readFolder(folder: string): Promise<Found | undefined> {
	try {
		const found = await collect(folder, async () => {});
		const { verdicts, measures, runs } = found.results;
		return [verdicts, measures, runs, found.skipped].some((each) => each.length > 0) ? found : undefined;
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw new HalfopenError('REPORT_UNREADABLE', {
			problem: `${fromProjectRoot(folder)} is not a folder of reports; the last matrix was left as it is`,
			seen: String(cause),
			remedy: 'name folders as `npm test` leaves them (reports/)',
			cause,
		});
	}
}
