import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { HalfopenError } from '../errors.ts';
import { replaceFiles } from '../util/replace-files.ts';
import { ARTIFACTS, fromProjectRoot, REPORTS } from './artifacts.ts';
import { collect, type Results } from './collect.ts';
import { pageScenario, readParts, renderPage } from './page/index.ts';

/** What is made of all that scenarios have left, in the folder of reports. */
export const DERIVED = { page: 'index.html', verdicts: 'claims.json', measures: 'measures.json' } as const;

/** So many files that were skipped are named. */
const MOST_NAMED = 3;

/** What was made anew, and what is to be said of it, line by line. */
export interface WrittenReports {
	readonly results: Results;
	readonly lines: readonly string[];
}

/** Writes the page and the tables over all that lies below a folder of reports, all in one step. */
export async function writeReports(reports: string = REPORTS): Promise<WrittenReports> {
	const path = (name: string) => join(reports, name);
	const page = path(DERIVED.page);
	for (;;) {
		const before = await markOf(page);
		const { scenarios, results, skipped } = await collect(reports, async (scenario) =>
			pageScenario(scenario, await scenario.text(ARTIFACTS.svg)),
		);
		const files = [
			{ path: page, text: renderPage(scenarios, await readParts()) },
			{ path: path(DERIVED.verdicts), text: tableOf(results.verdicts) },
			{ path: path(DERIVED.measures), text: tableOf(results.measures) },
		];
		// Another run has ended meanwhile, and saw what this one did not.
		if ((await markOf(page)) !== before) continue;
		await replaceFiles(files);
		const said = `  ${fromProjectRoot(page)} shows all scenarios of all runs so far: ${scenarios.length}`;
		return { results, lines: [...warnings(skipped), said] };
	}
}

const tableOf = (rows: readonly object[]) => `${JSON.stringify(rows, null, '\t')}\n`;

/** Another one whenever the file was replaced. */
async function markOf(path: string): Promise<string> {
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
