import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HalfopenError } from '../../errors.ts';
import { replaceFiles } from '../../replace-files.ts';
import { fromProjectRoot, PROJECT_ROOT } from '../artifacts.ts';
import { collect } from './collect.ts';
import { type PageParts, renderPage } from './page.ts';

/** So many files that were skipped are named. */
const MOST_NAMED = 3;

/** The page's style sheet and script, from beside this file. */
export async function readParts(): Promise<PageParts> {
	const read = (name: string) => readFile(new URL(name, import.meta.url), 'utf8');
	const [style, script] = await Promise.all([read('page.css'), read('page.js')]);
	return { style, script };
}

/** Writes `index.html` over all that lies below a folder, in one step, and gives what is to be said of it, line by line. */
export async function writePage(reports: string = join(PROJECT_ROOT, 'reports')): Promise<string[]> {
	const { scenarios, skipped } = await collect(reports);
	const path = join(reports, 'index.html');
	await replaceFiles([{ path, text: renderPage(scenarios, await readParts()) }]);
	return [...warnings(skipped), `  ${fromProjectRoot(path)} shows all scenarios of all runs so far: ${scenarios.length}`];
}

function warnings(skipped: readonly HalfopenError[]): string[] {
	const [first] = skipped;
	if (first === undefined) return [];
	const named = skipped.slice(0, MOST_NAMED).map(({ problem, code }) => `  ${problem} [${code}]`);
	const more = skipped.length > named.length ? [`  … and ${skipped.length - named.length} more such files`] : [];
	return [...named, ...more, `  to do: ${first.remedy}`];
}
