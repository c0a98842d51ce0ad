import type { TestResult } from '@jest/reporters';
import { z } from 'zod';
import { changeTable, compareText, type Place, parseTable, placeShape, type Table } from '../claims/table.ts';
import { fromProjectRoot } from './artifacts.ts';

const specRun = z.object({
	/** Its file, from the project's root. */
	spec: z.string(),
	...placeShape,
	/** The names of its scenarios that passed when they ran last. */
	passed: z.array(z.string()),
	/** Those that failed when they ran last. */
	failed: z.array(z.string()),
	/** Those that never ran there: only others of the file were asked for. */
	pending: z.array(z.string()),
});

/** A row of `reports/runs.json`: what became of the scenarios of one spec file on an engine and a kernel. Without it a scenario that failed is one that never ran. */
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
		return [{ spec, engine, kernel, passed: titles('passed'), failed, pending: titles('pending') }];
	});
}

/** Rows of a run over rows of earlier ones: what it left out stands as it was, and what is no more in a file that it ran is forgotten. */
export function mergeSpecRuns(earlier: readonly SpecRun[], fresh: readonly SpecRun[]): SpecRun[] {
	return combine([...earlier, ...fresh], (before, now) => {
		const leftOut = (names: readonly string[]) => names.filter((name) => now.pending.includes(name));
		const [passed, failed] = [leftOut(before.passed), leftOut(before.failed)];
		return {
			...now,
			passed: [...passed, ...now.passed],
			failed: [...failed, ...now.failed],
			pending: without(now.pending, [...passed, ...failed]),
		};
	});
}

/** Rows of several checkouts or machines, side by side: what failed in one of them failed, whatever it did in others. */
export function joinSpecRuns(rows: readonly SpecRun[]): SpecRun[] {
	return combine(rows, (one, other) => {
		const failed = [...new Set([...one.failed, ...other.failed])];
		const passed = without([...new Set([...one.passed, ...other.passed])], failed);
		const pending = without([...new Set([...one.pending, ...other.pending])], [...passed, ...failed]);
		return { ...one, passed, failed, pending };
	});
}

const without = (names: readonly string[], others: readonly string[]) => names.filter((name) => !others.includes(name));

/** One row for each spec on each engine and kernel. */
function combine(rows: readonly SpecRun[], both: (earlier: SpecRun, later: SpecRun) => SpecRun): SpecRun[] {
	const keyOf = ({ spec, engine, kernel }: SpecRun) => JSON.stringify([spec, engine, kernel]);
	const combined = new Map<string, SpecRun>();
	for (const row of rows) {
		const earlier = combined.get(keyOf(row));
		combined.set(keyOf(row), earlier === undefined ? row : both(earlier, row));
	}
	return [...combined.values()].sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

/** What a `runs.json` says; throws where it is no such file. */
export function parseSpecRuns(text: string, path: string): SpecRun[] {
	return parseTable(text, path, SPEC_RUNS);
}

/** Merges rows into the file at `path`. */
export async function addSpecRuns(path: string, fresh: readonly SpecRun[]): Promise<void> {
	await changeTable(path, SPEC_RUNS, (earlier) => mergeSpecRuns(earlier, fresh));
}
