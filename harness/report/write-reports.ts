import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { HalfopenError } from '../errors.ts';
import { PROJECT_ROOT } from '../util/project-root.ts';
import { replaceFiles } from '../util/replace-files.ts';
import { ARTIFACTS, fromProjectRoot, REPORTS } from './artifacts.ts';
import { collect, type Results } from './collect.ts';
import { type MatrixInput, matrixOf } from './matrix/model.ts';
import { matrixView, pageScenario, readParts, renderPage } from './page/index.ts';
import { specFiles } from './spec-list.ts';

/** The names of the files that are derived from all scenarios, in the folder of reports. */
export const DERIVED = { page: 'index.html', verdicts: 'claims.json', measures: 'measures.json' } as const;

/** The largest number of skipped files that are named. */
const MOST_NAMED = 3;

/** The results of other checkouts or machines, shown beside those in the folder of reports. */
export type OtherReports = Omit<MatrixInput, 'specs'>;

/** What was written, and the lines to print about it. */
export interface WrittenReports {
	readonly results: Results;
	/** The input of the page's matrix. */
	readonly input: MatrixInput;
	readonly lines: readonly string[];
}

/**
 * Writes the page and the tables of all results in a folder of reports. Replaces all files in one step. The page’s
 * matrix also shows the results of others; the tables do not.
 */
export async function writeReports(
	reports: string = REPORTS,
	others: OtherReports = { results: [], troubles: [] },
	project: string = PROJECT_ROOT,
): Promise<WrittenReports> {
	const path = (name: string) => join(reports, name);
	const page = path(DERIVED.page);
	const specs = await specFiles(project);
	for (;;) {
		const before = await versionOf(page);
		const { scenarios, results, skipped } = await collect(reports, async (scenario) =>
			pageScenario(scenario, await scenario.text(ARTIFACTS.svg)),
		);
		const input = {
			specs,
			results: [results, ...others.results],
			troubles: [...others.troubles, ...skipped.map(({ problem }) => ({ what: problem }))],
		};
		const files = [
			{ path: page, text: renderPage(scenarios, matrixView(matrixOf(input)), await readParts()) },
			{ path: path(DERIVED.verdicts), text: tableOf(results.verdicts) },
			{ path: path(DERIVED.measures), text: tableOf(results.measures) },
		];
		// Another run has written the page meanwhile, with results that were not read here.
		if ((await versionOf(page)) !== before) continue;
		await replaceFiles(files);
		const summary = `  ${fromProjectRoot(page)} shows all scenarios of all runs so far: ${scenarios.length}`;
		return { results, input, lines: [...warnings(skipped), summary] };
	}
}

const tableOf = (rows: readonly object[]) => `${JSON.stringify(rows, null, '\t')}\n`;

/** Returns a value that changes whenever the file is replaced. */
async function versionOf(path: string): Promise<string> {
	return stat(path, { bigint: true }).then(
		({ ino, mtimeNs }) => `${ino} ${mtimeNs}`,
		() => '',
	);
}

function warnings(skipped: readonly HalfopenError[]): string[] {
	const [first] = skipped;
	if (first === undefined) return [];
	const named = skipped.slice(0, MOST_NAMED).map(({ problem, code }) => `  ${problem} [${code}]`);
	const more = skipped.length > named.length ? [`  … and ${skipped.length - named.length} more such files`] : [];
	return [...named, ...more, `  to do: ${first.remedy}`];
}
