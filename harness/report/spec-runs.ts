import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestResult } from '@jest/reporters';
import { z } from 'zod';
import { compareText, type Environment } from '../claims/environment.ts';
import { replaceFiles, replaceFolder } from '../util/replace-files.ts';
import { fromProjectRoot, REPORTS, slugOf, specFolder } from './artifacts.ts';
import type { RecordedScenario } from './recorded.ts';

/**
 * The file in a spec's folder that lists its scenarios. Without it, nobody would notice that a scenario did not run.
 */
export const SPEC_RECORD = 'spec.json';

/** The file in a scenario's folder that says why it failed, if its timeline does not. */
export const FAILURE_FILE = 'failure.txt';

export const specRecordSchema = z.object({
	/** The spec file, relative to the project. */
	spec: z.string(),
	engine: z.string(),
	/** The kernel's release. */
	kernel: z.string(),
	/** The titles of its scenarios, in the order of the file. */
	scenarios: z.array(z.string()),
	/** Present if Jest could not run the file. */
	error: z.string().optional(),
});
export type SpecRecord = z.infer<typeof specRecordSchema>;

/** The outcomes of the scenarios of one spec file on an engine and a kernel. */
export interface SpecRun extends Environment {
	/** The spec file, relative to the project. */
	readonly spec: string;
	/** The titles of the scenarios whose last run passed. */
	readonly passed: readonly string[];
	/** Those whose last run failed. */
	readonly failed: readonly string[];
	/** Those that never ran there, because only others of the file were selected. */
	readonly pending: readonly string[];
}

const SPECS = 'specs/';

/**
 * Writes what the timelines of a spec file's scenarios do not say: the list of its scenarios, and the failures that no
 * timeline contains. Removes the folders of scenarios that the file no longer has. Does nothing if the file is not a
 * spec.
 */
export async function writeRecord(
	{ testFilePath, testResults, testExecError }: TestResult,
	recorded: readonly RecordedScenario[],
	{ engine, kernel }: Environment,
	reports: string = REPORTS,
): Promise<void> {
	const spec = fromProjectRoot(testFilePath);
	if (!spec.startsWith(SPECS)) return;
	const folder = specFolder({ engine, kernel }, spec, reports);
	await mkdir(folder, { recursive: true });
	for (const { title, status, failureMessages } of testResults) {
		const own = recorded.find(({ timeline }) => timeline.scenario === title);
		if (status !== 'failed' || own?.timeline.outcome === 'failed') continue;
		const writeFailure = (where: string) => writeFile(join(where, FAILURE_FILE), `${failureMessages.join('\n\n')}\n`);
		await (own === undefined
			? replaceFolder(join(folder, slugOf(title)), writeFailure)
			: writeFailure(join(folder, slugOf(title))));
	}
	const scenarios = testResults.map(({ title }) => title);
	const record: SpecRecord = {
		spec,
		engine,
		kernel,
		scenarios,
		...(testExecError && { error: testExecError.message }),
	};
	await replaceFiles([{ path: join(folder, SPEC_RECORD), text: `${JSON.stringify(record, null, '\t')}\n` }]);
	if (testExecError === undefined) await removeOthers(folder, new Set(scenarios.map(slugOf)));
}

/**
 * Removes the folders of other scenarios. Keeps those that begin with a dot, because another run may be writing them.
 */
async function removeOthers(folder: string, slugs: ReadonlySet<string>): Promise<void> {
	const entries = await readdir(folder, { withFileTypes: true });
	const gone = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !slugs.has(entry.name));
	await Promise.all(gone.map(({ name }) => rm(join(folder, name), { recursive: true, force: true })));
}

/** Returns the outcomes of a spec's scenarios. `outcomeOf` returns undefined for a scenario that never ran. */
export function runOf(
	{ spec, engine, kernel, scenarios, error }: SpecRecord,
	outcomeOf: (title: string) => 'passed' | 'failed' | undefined,
): SpecRun {
	const titles = (wanted: ReturnType<typeof outcomeOf>) => scenarios.filter((title) => outcomeOf(title) === wanted);
	const failed = [...titles('failed'), ...(error === undefined ? [] : ['the file could not be run'])];
	return { spec, engine, kernel, passed: titles('passed'), failed, pending: titles(undefined) };
}

/**
 * Merges the runs of several checkouts or machines. A scenario that failed in one of them counts as failed, whatever
 * its outcome was in the others.
 */
export function mergeSpecRuns(rows: readonly SpecRun[]): SpecRun[] {
	const keyOf = ({ spec, engine, kernel }: SpecRun) => JSON.stringify([spec, engine, kernel]);
	const byKey = new Map<string, SpecRun>();
	for (const row of rows) {
		const other = byKey.get(keyOf(row));
		byKey.set(keyOf(row), other === undefined ? row : merged(other, row));
	}
	return [...byKey.values()].sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

function merged(one: SpecRun, other: SpecRun): SpecRun {
	const failed = union(one.failed, other.failed);
	const passed = without(union(one.passed, other.passed), failed);
	return { ...one, passed, failed, pending: without(union(one.pending, other.pending), [...passed, ...failed]) };
}

const union = (names: readonly string[], others: readonly string[]) => [...new Set([...names, ...others])];
const without = (names: readonly string[], others: readonly string[]) => names.filter((name) => !others.includes(name));
