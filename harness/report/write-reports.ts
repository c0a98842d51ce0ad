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

/** What is made of all that scenarios have left, in the folder of reports. */
export const DERIVED = { page: 'index.html', verdicts: 'claims.json', measures: 'measures.json' } as const;

/** So many files that were skipped are named. */
const MOST_NAMED = 3;

/** What other checkouts or machines have found, to be shown beside what lies below the folder of reports. */
export type OtherReports = Omit<MatrixInput, 'specs'>;

/** What was written, and what is to be said of it, line by line. */
export interface WrittenReports {
	readonly results: Results;
	/** What the matrix of the page was made of. */
	readonly input: MatrixInput;
	readonly lines: readonly string[];
}

/**
 * Writes the page and the tables over all that lies below a folder of reports, all in one step. The page’s matrix also
 * shows what others have; the tables do not.
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
		// Another run has ended meanwhile, and saw what this one did not.
		if ((await versionOf(page)) !== before) continue;
		await replaceFiles(files);
		const said = `  ${fromProjectRoot(page)} shows all scenarios of all runs so far: ${scenarios.length}`;
		return { results, input, lines: [...warnings(skipped), said] };
	}
}

const tableOf = (rows: readonly object[]) => `${JSON.stringify(rows, null, '\t')}\n`;

/** Changes whenever the file is replaced. */
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
