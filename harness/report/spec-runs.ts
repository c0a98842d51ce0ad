import type { TestResult } from '@jest/reporters';
import { z } from 'zod';
import { changeTable, compareText, type Place, parseTable, placeShape, type Table } from '../claims/table.ts';
import { fromProjectRoot } from './artifacts.ts';

const specRun = z.object({
	/** Its file, from the project's root. */
	spec: z.string(),
	...placeShape,
	/** How many of its scenarios passed. */
	passed: z.int().min(0),
	/** The names of those that failed. */
	failed: z.array(z.string()),
});

/** A row of `reports/runs.json`: what became of one spec file when it ran last on an engine and a kernel. Without it a scenario that failed is one that never ran. */
export type SpecRun = z.infer<typeof specRun>;

export const SPEC_RUNS: Table<SpecRun> = { of: 'runs', row: specRun };
const SPECS = 'specs/';

/** The rows of a run on one engine and kernel. What is no spec has none. */
export function specRunsOf(files: readonly TestResult[], { engine, kernel }: Place): SpecRun[] {
	return files.flatMap(({ testFilePath, testResults, testExecError }) => {
		const spec = fromProjectRoot(testFilePath);
		if (!spec.startsWith(SPECS)) return [];
		const titles = (wanted: string) => testResults.flatMap(({ status, title }) => (status === wanted ? [title] : []));
		const failed = testExecError === undefined ? titles('failed') : ['the file could not be run'];
		return [{ spec, engine, kernel, passed: titles('passed').length, failed }];
	});
}

/** Rows over earlier ones: that of the same spec on the same engine and kernel is replaced. */
export function mergeSpecRuns(earlier: readonly SpecRun[], fresh: readonly SpecRun[]): SpecRun[] {
	const keyOf = ({ spec, engine, kernel }: SpecRun) => JSON.stringify([spec, engine, kernel]);
	return [...new Map([...earlier, ...fresh].map((row) => [keyOf(row), row])).values()].sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

/** What a `runs.json` says; throws where it is no such file. */
export function parseSpecRuns(text: string, path: string): SpecRun[] {
	return parseTable(text, path, SPEC_RUNS);
}

/** Merges rows into the file at `path`. */
export async function addSpecRuns(path: string, fresh: readonly SpecRun[]): Promise<void> {
	await changeTable(path, SPEC_RUNS, (earlier) => mergeSpecRuns(earlier, fresh));
}
